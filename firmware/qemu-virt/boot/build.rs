//! Tells the linker where the boot stage lies.

fn main() {
    println!(
        "cargo:rustc-link-arg-bins=-T{}/link.x",
        env!("CARGO_MANIFEST_DIR")
    );
    println!("cargo:rerun-if-changed=link.x");
}
