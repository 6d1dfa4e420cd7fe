//! The rules of the house that a compiler does not keep.

use std::path::{Path, PathBuf};
use utoipa::OpenApi;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_domain_knows_no_clock_no_randomness_no_environment_and_no_unordered_map() {
    let mut files = Vec::new();
    sources(&root().join("shared/desk/src"), &mut files);
    assert!(files.len() > 30);
    let banned =
        ["SystemTime", "Instant::now", "rand::", "std::env", "std::fs", "HashMap", "HashSet", "tokio", "select!"];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{}:{}: {word}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn a_claim_is_won_in_one_place_only() {
    let mut files = Vec::new();
    for folder in ["shared", "functions", "infra"] {
        sources(&root().join(folder), &mut files);
    }
    let wins = |file: &&PathBuf| std::fs::read_to_string(file).unwrap().contains(".won()");
    let places: Vec<&PathBuf> = files.iter().filter(wins).collect();
    assert!(matches!(places.as_slice(), [one] if one.ends_with("store/src/verbs/claim.rs")), "{places:?}");
}

#[test]
fn no_endpoint_is_named_that_moves_money_out_of_an_account() {
    // Reads, and the margin of a position, which stays in the account.
    let known = [
        "/v5/asset/transfer/query-account-coins-balance",
        "/v5/asset/withdraw/query-record",
        "/api/v1/margin/withdrawMargin",
        "/sapi/v1/capital/withdraw/history",
    ];
    let moving = ["withdraw", "transfer", "loan", "redeem", "purchase", "convert", "payout"];
    let mut files = Vec::new();
    sources(&root().join("shared/venue/src"), &mut files);
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for literal in code.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|word| word.starts_with('/')) {
            let lower = literal.to_ascii_lowercase();
            if moving.iter().any(|word| lower.contains(word)) {
                assert!(known.contains(&literal), "{}: {literal}", file.display());
                seen += 1;
            }
        }
    }
    assert_eq!(seen, known.len(), "the list is as long as it has to be");
}

#[test]
fn the_map_of_the_house_is_short_and_names_only_what_there_is() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() < 150);
    let quoted = text.split('`').skip(1).step_by(2);
    for path in quoted.filter(|word| word.contains('/') && word.ends_with(".rs")) {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}");
    }
}

#[test]
fn every_function_of_the_deployment_has_a_main_that_only_wires() {
    for function in boot::resources::Resources::read().unwrap().functions {
        let path = root().join(format!("functions/{}/src/main.rs", function.name));
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 40, "{} has {lines} lines", path.display());
    }
}

#[test]
fn the_routes_of_the_deployment_are_those_of_the_code() {
    let mut deployed: Vec<(String, String)> = Vec::new();
    for route in boot::resources::Resources::read().unwrap().routes {
        let guarded = match route.function.as_str() {
            "kill-switch" => kill_switch::http::GUARDED.contains(&(route.method.as_str(), route.path.as_str())),
            _ => api::GUARDED.contains(&(route.method.as_str(), route.path.as_str())),
        };
        assert_ne!(guarded, route.open, "{} {}", route.method, route.path);
        deployed.push((route.method.to_lowercase(), route.path));
    }
    let described: serde_json::Value = serde_json::from_str(api::OPENAPI).unwrap();
    let paths = described["paths"].as_object().unwrap();
    let documented = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    for route in documented {
        assert!(deployed.contains(&route), "{route:?} is described and not deployed");
    }
}

/// The OpenAPI document of all routes, as the code describes them.
fn described() -> utoipa::openapi::OpenApi {
    let mut all = api::Description::openapi();
    all.merge(kill_switch::http::Description::openapi());
    all
}

#[test]
fn the_api_document_is_what_the_code_describes() {
    let path = root().join("infra/openapi.json");
    let generated = format!("{}\n", described().to_pretty_json().unwrap());
    if std::env::var_os("BALLAST_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let way_out = "write infra/openapi.json anew: BALLAST_WRITE_OPENAPI=1 cargo test -p e2e the_api_document";
    assert!(std::fs::read_to_string(path).unwrap() == generated, "{way_out}");
}

#[test]
fn every_guarded_route_is_described() {
    let described: serde_json::Value = serde_json::from_str(api::OPENAPI).unwrap();
    let guarded: Vec<_> = api::GUARDED.into_iter().chain(kill_switch::http::GUARDED).collect();
    for (method, path) in &guarded {
        assert!(described["paths"][path][method.to_lowercase()].is_object(), "{method} {path}");
    }
    assert_eq!(
        described["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len()).sum::<usize>(),
        guarded.len() + 1
    );
}
