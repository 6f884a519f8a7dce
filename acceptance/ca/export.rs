//! What servers of others are given: nginx takes our devices by it, and refuses those that we revoked.

use std::{
    fs,
    io::Read as _,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use crate::harness::{DEVICE, House, curl, need, run, wait_until};

/// nginx on a port of loopback; it ends with its handle.
struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    /// With the exported authorities and CRLs of the folder `export`.
    fn start(house: &House) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = house.path("nginx");
        fs::create_dir_all(&folder).unwrap();
        let (home, state) = (folder.display(), house.state());
        let (state, export) = (state.display(), house.path("export"));
        let export = export.display();
        let config = format!(
            "daemon off; master_process off; pid {home}/pid; error_log stderr;\n\
             events {{ }}\n\
             http {{ access_log off;\n\
             client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;\n\
             uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;\n\
             server {{ listen 127.0.0.1:{port} ssl;\n\
             ssl_certificate {state}/server/server.pem; ssl_certificate_key {state}/server/server.key;\n\
             ssl_client_certificate {export}/device-chain.pem; ssl_crl {export}/device-crl.pem;\n\
             ssl_verify_client on; ssl_verify_depth 2;\n\
             location / {{ return 200 $ssl_client_s_dn; }} }} }}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut nginx = Self { child, port };
        let up = wait_until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        if !up {
            let _ = nginx.child.kill();
            let mut told = String::new();
            let _ = nginx.child.stderr.take().unwrap().read_to_string(&mut told);
            panic!("nginx did not start: {told}");
        }
        nginx
    }

    /// Asks as the device of a folder.
    fn ask(&self, house: &House, folder: &str) -> String {
        let url = format!("https://127.0.0.1:{}/", self.port);
        let output = run(Command::new("curl")
            .args(curl(&house.path(folder)))
            .arg(url));
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nginx_takes_our_devices_by_what_was_exported_and_refuses_those_that_we_revoked() {
    let there = Command::new("nginx").arg("-v").output().is_ok();
    if !there {
        crate::harness::skip("ca_export", "nginx", "apt-get install nginx");
        return;
    }
    if !need("ca_export", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    house.enroll();
    let out = house.text("export");
    let export = || house.ok(&["ca", "export", "--out", &out]);
    let output = run(&mut house.command(&["ca", "export", "--out", &out]));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && told.contains("there is no CRL of device-issuing yet"),
        "{told}"
    );
    house.ok(&["ca", "crl"]);
    // One from before the replacement, and one from after it, each by its own authority's CRL.
    house.ok(&["ca", "replace", "device"]);
    house.enroll_as("7cdfa1000002", "second");
    export();
    let names = [
        "device-root.pem",
        "device-issuing.pem",
        "device-issuing.1.pem",
        "device-chain.pem",
        "server-root.pem",
    ];
    for name in names {
        assert!(house.path("export").join(name).is_file(), "{name}");
    }
    {
        let nginx = Nginx::start(&house);
        for (folder, id) in [("device", DEVICE), ("second", "7cdfa1000002")] {
            let told = nginx.ask(&house, folder);
            assert!(told.contains(&format!("CN={id}")), "{told}");
        }
    }
    house.ok(&["device", "revoke", DEVICE]);
    house.ok(&["ca", "crl"]);
    export();
    {
        let nginx = Nginx::start(&house);
        let told = nginx.ask(&house, "device");
        assert!(
            told.contains("400") && told.contains("SSL certificate error"),
            "{told}"
        );
        let told = nginx.ask(&house, "second");
        assert!(told.contains("CN=7cdfa1000002"), "{told}");
    }
    house.ok(&["device", "revoke", "7cdfa1000002"]);
    house.ok(&["ca", "crl"]);
    export();
    let nginx = Nginx::start(&house);
    let told = nginx.ask(&house, "second");
    assert!(told.contains("SSL certificate error"), "{told}");
}
