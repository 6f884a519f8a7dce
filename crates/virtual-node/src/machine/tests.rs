use super::*;

#[test]
fn a_machine_can_run_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&run(Options::new(PathBuf::new()), |_| {}));
}
