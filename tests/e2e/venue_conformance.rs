//! The venues' adapters against published requests and answers: prints the table, writes it as JSON, and holds the goal.

use conformance::run::{Only, run};
use std::path::PathBuf;

#[test]
fn venue_conformance() {
    let folder = conformance::folder();
    if !folder.exists() {
        assert!(std::env::var_os("BALLAST_REQUIRE_TESTDATA").is_none(), "{} is not there", folder.display());
        println!("SKIPPED: the cases are not there ({}); name their folder in BALLAST_CONFORMANCE", folder.display());
        return;
    }
    let report = run(&folder, &Only::default()).unwrap();
    println!("{}", report.table());
    // In the project's own `target`, wherever the build's is.
    let target = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
    std::fs::create_dir_all(&target).unwrap();
    let path = target.join("venue_conformance.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&report.json()).unwrap()).unwrap();
    println!("written to {}", path.display());
    let [requests, responses] = report.totals(None);
    assert!(requests.all() > 0 && responses.all() > 0, "there are no cases in {}", folder.display());
    assert!(requests.per_cent() >= 95 && responses.per_cent() >= 95, "{requests:?} {responses:?}");
    for venue in report.by_method().keys() {
        let [requests, responses] = report.totals(Some(venue));
        let (different, all) = (requests.different + responses.different, requests.all() + responses.all());
        assert!(different * 10 < all, "{venue}: {different} of {all} are different by design");
    }
}
