use super::*;

const KEY: &str = "abcdKEY-canary-6d21";
const SECRET: &str = "canary-secret-8d1f6c2e";
const PHRASE: &str = "canary-phrase-77";

fn configuration(label: &str) -> Configuration {
    let credentials = Credentials::new("okx", KEY.into(), SECRET.into(), Some(PHRASE.into())).unwrap();
    let settings =
        Settings { env: Env::Live, active: true, base_url: Some("https://own.test".into()), ..Settings::default() };
    Configuration { label: label.into(), venue: "okx", credentials, settings }
}

fn file() -> (KeyFile, Sealer) {
    let (mut file, sealer) = KeyFile::with_master(&[7; KEY_BYTES], [1; NONCE_BYTES]).unwrap();
    file.add(&configuration("Main Account"), &sealer, [2; NONCE_BYTES]).unwrap();
    file.add(&configuration("Testing"), &sealer, [3; NONCE_BYTES]).unwrap();
    (file, sealer)
}

fn opened(file: &KeyFile, label: &str, sealer: &Sealer) -> Result<Configuration, KeyFileError> {
    file.open(label, sealer)
}

#[test]
fn a_configuration_comes_back_whole_and_only_label_venue_and_prefix_are_readable() {
    let (file, sealer) = file();
    let bytes = file.to_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for hidden in ["canary", "KEY", "live", "own.test", "active", "paper"] {
        assert!(!text.contains(hidden), "{hidden} is readable: {text}");
    }
    for shown in ["Main Account", "okx", "\"abcd\""] {
        assert!(text.contains(shown), "{shown}");
    }
    let found = opened(&KeyFile::parse(&bytes).unwrap(), "main account", &sealer).unwrap();
    assert_eq!((found.credentials.key(), found.credentials.secret()), (KEY, SECRET));
    assert_eq!(found.credentials.passphrase(), Some(PHRASE));
    assert_eq!(found.settings, configuration("").settings);
    assert!(!format!("{found:?} {file:?}").contains("canary"));
}

#[test]
fn a_sealed_text_is_bound_to_its_label_venue_and_prefix() {
    let (file, sealer) = file();
    let changes: [fn(&mut KeyFile); 4] = [
        |file| file.keys[0].label = "Mine".into(),
        |file| file.keys[0].venue = "bybit".into(),
        |file| file.keys[0].key_prefix = "wxyz".into(),
        |file| file.keys[0].sealed = file.keys[1].sealed.clone(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = file.clone();
        change(&mut changed);
        let label = changed.keys[0].label.clone();
        assert_eq!(opened(&changed, &label, &sealer).unwrap_err(), KeyFileError::Changed(label), "change {number}");
        assert!(opened(&changed, "Testing", &sealer).is_ok());
    }
}

#[test]
fn any_flipped_bit_of_a_sealed_text_is_noticed() {
    let (file, sealer) = file();
    let length = file.keys[0].sealed_len();
    for at in 0..length {
        let mut changed = file.clone();
        changed.keys[0].flip(at);
        assert!(opened(&changed, "Main Account", &sealer).is_err(), "at {at}");
    }
}

#[test]
fn a_wrong_passphrase_says_so_and_the_right_one_opens() {
    let (mut file, sealer) = KeyFile::with_passphrase("right horse", [9; SALT_BYTES], [1; NONCE_BYTES]).unwrap();
    file.add(&configuration("one"), &sealer, [2; NONCE_BYTES]).unwrap();
    let file = KeyFile::parse(&file.to_bytes().unwrap()).unwrap();
    assert_eq!(file.sealed_by(), SealedBy::Passphrase);
    let wrong = file.unlock("wrong horse").err().unwrap();
    assert_eq!(wrong, KeyFileError::WrongPassphrase);
    assert!(wrong.to_string().contains("passphrase is wrong"));
    assert!(opened(&file, "one", &file.unlock("right horse").unwrap()).is_ok());
    let text = String::from_utf8(file.to_bytes().unwrap()).unwrap();
    assert!(text.contains("600000") && !text.contains("horse"));
}

#[test]
fn another_master_key_is_told_apart_from_damage() {
    let (file, _) = file();
    assert_eq!(file.unlock_with_master(&[8; KEY_BYTES]).err(), Some(KeyFileError::WrongMaster));
    assert!(file.unlock_with_master(&[7; KEY_BYTES]).is_ok());
    let newer = String::from_utf8(file.to_bytes().unwrap()).unwrap().replace("\"schema\": 1", "\"schema\": 2");
    assert_eq!(KeyFile::parse(newer.as_bytes()).err(), Some(KeyFileError::Newer(2)));
    assert!(matches!(KeyFile::parse(b"{").err(), Some(KeyFileError::Damaged(_))));
}

#[test]
fn labels_are_unique_whatever_their_case_and_short() {
    let (mut file, sealer) = file();
    assert_eq!(file.free("TESTING"), Err(KeyFileError::Taken("TESTING".into())));
    for bad in ["", " a", "a ", "a/b", "a\nb", "\u{1b}[2J", &"x".repeat(41)] {
        assert_eq!(file.free(bad), Err(KeyFileError::Label), "{bad:?}");
    }
    assert_eq!(file.free("Börse 2"), Ok(()));
    assert_eq!(file.remove("nobody").err(), Some(KeyFileError::Unknown("nobody".into())));
    file.remove("Testing").unwrap();
    assert_eq!(file.entries().len(), 1);
    let mut changed = configuration("Main Account");
    changed.settings.active = false;
    file.replace(&changed, &sealer, [4; NONCE_BYTES]).unwrap();
    assert!(!opened(&file, "Main Account", &sealer).unwrap().settings.active);
}

#[test]
fn a_base_url_is_secure_or_on_this_machine() {
    for (given, kept) in [
        ("https://api.own.test/", "https://api.own.test"),
        ("https://api.own.test/v1/", "https://api.own.test/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://localhost:9", "http://localhost:9"),
    ] {
        assert_eq!(base_url(given).as_deref(), Ok(kept));
    }
    for bad in [
        "http://api.own.test",
        "http://169.254.169.254",
        "http://127.0.0.1.evil.test",
        "http://localhost.evil.test",
        "https://user:canary@own.test",
        "https://own.test/?k=canary",
        "https://own.test/#x",
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "",
    ] {
        let refused = base_url(bad).unwrap_err();
        assert!(!refused.to_string().contains("canary"), "{bad}");
    }
}
