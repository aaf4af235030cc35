//! Each file of a test program is a module of its `main.rs`. A file without such a line would not be compiled, and its tests
//! would not run.

use std::fs;
use std::path::Path;

#[test]
fn of_the_library_and_the_command_line() {
    let mut files = 0;
    for tests in ["tests", "cli/tests"] {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join(tests);
        let entries = fs::read_dir(&tests).unwrap().map(|entry| entry.unwrap().path());
        for program in entries.filter(|path| path.join("main.rs").is_file()) {
            let main = fs::read_to_string(program.join("main.rs")).unwrap();
            for file in fs::read_dir(&program).unwrap().map(|entry| entry.unwrap().path()) {
                let name = file.file_stem().unwrap().to_str().unwrap();
                if name != "main" && file.extension().is_some_and(|extension| extension == "rs") {
                    let line = format!("mod {name};");
                    assert!(main.lines().any(|found| found == line), "{}: no {line}", program.display());
                    files += 1;
                }
            }
        }
    }
    assert!(files >= 100, "{files}");
}
