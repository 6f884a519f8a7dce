//! The bundles of our data against those that Espressif's own generator made of Espressif's files.
//!
//! Lengths, counts and digests are those of `gen_crt_bundle.py -q -i cacrt_all.pem cacrt_local.pem cacrt_deprecated.pem
//! [-f cmn_crt_authorities.csv]`, each tag's own script with its own files, as far as it has them and its `CMakeLists.txt`
//! takes them, run under Python 3.11 with cryptography 48.0.0.

#![expect(
    clippy::unwrap_used,
    reason = "the relaxation for tests does not reach their helpers"
)]

use countersign_roots::{BundleSettings, DefaultList, Release, ReleaseSet};
use countersign_x509::sha256;
use esp_formats::bundle::Bundle;

const FULL: BundleSettings = BundleSettings {
    list: DefaultList::Full,
    deprecated: false,
    cross_signed: false,
};

const COMMON: BundleSettings = BundleSettings {
    list: DefaultList::Common,
    ..FULL
};

const DEPRECATED: BundleSettings = BundleSettings {
    deprecated: true,
    ..FULL
};

const CROSS_SIGNED: BundleSettings = BundleSettings {
    cross_signed: true,
    ..FULL
};

fn releases(text: &str) -> impl Iterator<Item = &'static Release> {
    ReleaseSet::parse(text).unwrap().iter()
}

/// Holds each row against the bundles of its releases: which, entries, bytes, SHA-256.
fn check(settings: BundleSettings, rows: &[(&str, usize, usize, &str)]) {
    for &(names, entries, len, digest) in rows {
        for release in releases(names) {
            let bundle = release.bundle(settings).unwrap();
            let parsed = Bundle::parse_as(release.bundle_format(), &bundle).unwrap();
            assert_eq!(
                (parsed.len(), bundle.len()),
                (entries, len),
                "{release} {settings:?}"
            );
            let found = countersign_roots::table::to_hex(&sha256(&bundle));
            assert_eq!(found, digest, "{release} {settings:?}");
        }
    }
}

#[test]
fn the_full_list_of_every_release_is_espressifs_to_the_byte() {
    let rows = &[
        (
            "v4.2..v4.2.2 v4.3..v4.3.1",
            135,
            64208,
            "de541cbade1253338641b06aa37b99f2f6f112925b2d49b160976427831c18b8",
        ),
        (
            "v4.2.3..v4.2.5 v4.3.2..v4.3.3",
            134,
            63664,
            "b0635caf462000cf965096748a54fe75fdd0829b1dd95f45633b3ac09c4aa829",
        ),
        (
            "v4.3.4..v4.3.7 v4.4.2..v4.4.8",
            136,
            63739,
            "b62829db28e499f001c1eac071921f6708ef0b562c141d88fb050b2ef23286af",
        ),
        (
            "v4.4..v4.4.1",
            127,
            59606,
            "1338d8f37efe9dc9dea9d4d6dbab2872c7ad44d70599c4a8a65ce1a875d9c88a",
        ),
        (
            "v5.0..v5.0.9",
            141,
            65870,
            "1f08c974d46f7e4c432371340d0737898bda290dbc472c8f9fe00bcb5fed3624",
        ),
        (
            "v5.1..v5.2.7",
            138,
            64057,
            "66c9a57afb42e4b71ee55f289247174c37cce47513dc784b48a75a2fb500847d",
        ),
        (
            "v5.3..v5.3.5",
            148,
            67806,
            "1e22f155fa74d009b7c4bf3d1bd6f014aded93dca896e327eefb7cefd13ccaee",
        ),
        (
            "v5.4..v5.4.4",
            152,
            69876,
            "85a40d3a53f7c25ab90168b03eb00c1316ee1be23fb088daa0631bfeb2416c3f",
        ),
        (
            "v5.5..v5.5.5",
            150,
            68983,
            "d47b6376ca09b7c17d379e1e828aff8e28c4c0fb689e9e3128c7a3c063912592",
        ),
        (
            "v6.0..v6.0.2",
            146,
            67532,
            "c52c35c3ae9b98694cf99d1626d08e22e4ad925ce6bfd4a8f8217b72f5a889fc",
        ),
        (
            "release/v6.1",
            147,
            67817,
            "b3e27ad072b398df1404c73493e6441ef4929e523f944cc37423e0e4b86c6fb0",
        ),
        (
            "master",
            123,
            57077,
            "69386a8ddab6af72658c8828a08db96f88c744c2291a77df90504f13095a015a",
        ),
    ];
    check(FULL, rows);
    let mut checked = rows.iter().map(|row| ReleaseSet::parse(row.0).unwrap());
    let all: ReleaseSet = Release::all().iter().collect();
    let first = checked.next().unwrap();
    assert_eq!(
        checked.fold(first, |set, more| set | more),
        all,
        "a release has no row"
    );
}

#[test]
fn the_common_list_of_every_release_is_espressifs_to_the_byte() {
    let rows = &[
        (
            "v4.2..v4.3.3 v4.4..v4.4.1",
            38,
            15481,
            "be5aa0fac6729e3cfe60447834f2b2f0573317cb91e5172af0f7b738a5e436bf",
        ),
        (
            "v4.3.4..v4.3.7 v4.4.2..v5.0.9",
            36,
            14746,
            "85d3ac3180a740a028bb3e3c2febc5fd46f724b573b4025265ae4242c7c617ff",
        ),
        (
            "v5.1..v5.1.6 v5.2..v5.2.5 v5.3..v5.3.2",
            41,
            16822,
            "eefd3224368822875d65adf6117fd496d51c03200e7c052e94771072d4cf1e60",
        ),
        (
            "v5.1.7 v5.2.6..v5.2.7 v5.3.3..v5.3.5",
            42,
            17245,
            "36159c68049312f17c74e6c2e3072d596a3bcc52082657b6313990a6773cc60e",
        ),
        (
            "v5.4",
            41,
            16984,
            "15597557c8a4dba417a3d7524331387d97fd5a391f2fce8b3d33326a63f3b578",
        ),
        (
            "v5.4.1..v5.4.4",
            42,
            17411,
            "b131de9123f4d466f7fe9cfcf04ce0a1f7f557a1eb195fca6ec1459b37bb2559",
        ),
        (
            "v5.5..v5.5.5",
            43,
            17924,
            "b7291710ad2e81e005b418a0f785fca54126911882af77d4c78cd7653af197ff",
        ),
        (
            "v6.0..release/v6.1",
            40,
            16738,
            "58c87dda437965d41afd8d845bd51053df1aecbdd791edd81e603c3b1adfde20",
        ),
        (
            "master",
            35,
            14455,
            "dd05a2b57fc205c13728e2368de2d1064034b3f9784d72c53e8a492df64453ff",
        ),
    ];
    check(COMMON, rows);
}

#[test]
fn the_deprecated_list_is_added_since_5_3() {
    let rows = &[
        (
            "v5.3..v5.3.5",
            154,
            70869,
            "341e13fbf09cecc4402c35d9a6705705064d7ef5d141af55992ece5db0038daf",
        ),
        (
            "v5.4..v5.4.4",
            159,
            73600,
            "d2b4632dcc8360ae2730a80572e92f684c9cb24d6091676f9ba79a623956917c",
        ),
        (
            "v5.5..v5.5.5",
            161,
            75134,
            "63974f09b3ea67d47e19b9c274465dbb30b95a5440eddce93eaa3edc8f491e76",
        ),
        (
            "v6.0..v6.0.2",
            146,
            67532,
            "c52c35c3ae9b98694cf99d1626d08e22e4ad925ce6bfd4a8f8217b72f5a889fc",
        ),
        (
            "release/v6.1..master",
            147,
            67817,
            "b3e27ad072b398df1404c73493e6441ef4929e523f944cc37423e0e4b86c6fb0",
        ),
    ];
    check(DEPRECATED, rows);
    for release in releases("v4.2..v5.2.7") {
        assert!(!release.has_deprecated_list(), "{release}");
        assert_eq!(
            release.bundle(DEPRECATED),
            release.bundle(FULL),
            "{release}"
        );
    }
}

#[test]
fn verifying_across_signatures_leaves_the_local_list_out_since_6_0() {
    let rows = &[
        (
            "v6.0..v6.0.2",
            144,
            66699,
            "0e272d391461094215e43d5bcb201d8fac0bb8aaa70878e19a23d68d9909a60b",
        ),
        (
            "release/v6.1",
            145,
            66984,
            "a60bf79ef8943cdcb3d9cc8889a35c7b411fe0136132e79b855742e2eb52dc6d",
        ),
        (
            "master",
            121,
            56244,
            "1eff8557accae84dd2833107392e2e6c289cf26c591531901e935eaa8c76ef25",
        ),
    ];
    check(CROSS_SIGNED, rows);
    for release in releases("v4.2..v5.5.5") {
        assert_eq!(
            release.bundle(CROSS_SIGNED),
            release.bundle(FULL),
            "{release}"
        );
    }
    let common = BundleSettings {
        cross_signed: true,
        ..COMMON
    };
    check(
        common,
        &[(
            "master",
            33,
            13622,
            "57947c76289c462a7cf1cf78787db919e4c8d801447bc778b57d9a36a5dad676",
        )],
    );
}

#[test]
fn a_build_without_a_list_has_no_bundle() {
    for release in Release::all() {
        let settings = BundleSettings {
            list: DefaultList::None,
            ..DEPRECATED
        };
        assert_eq!(release.roots(settings).count(), 0, "{release}");
        release.bundle(settings).unwrap_err();
    }
}

#[test]
fn what_a_build_says_by_itself_is_its_releases_default() {
    for release in Release::all() {
        let expected = if release.name() == "master" {
            CROSS_SIGNED
        } else {
            FULL
        };
        assert_eq!(release.settings(), expected, "{release}");
    }
}
