//! How large a deployment package is.

use std::path::Path;
use std::process::Command;

/// Everything in the folder, deflated; bytecode that Python wrote beside it is no part of a package.
const ZIP: &str = r"
import io, pathlib, sys, zipfile
folder, file = pathlib.Path(sys.argv[1]), io.BytesIO()
with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as package:
    for path in sorted(folder.rglob('*')):
        if path.is_file() and '__pycache__' not in path.parts:
            package.write(path, path.relative_to(folder))
print(file.tell())
";

/// The size of the folder's zip, in bytes.
pub(super) fn size(folder: &Path) -> Result<u64, String> {
    let output = Command::new("python3").args(["-c", ZIP]).arg(folder).output().map_err(|e| format!("python3: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| {
        format!("{} could not be zipped: {}", folder.display(), String::from_utf8_lossy(&output.stderr).trim())
    })
}
