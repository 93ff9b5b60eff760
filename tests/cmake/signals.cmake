# Signals and probes in the front end: the spool and the user's own checks
foreach(name IN ITEMS spool probe_checks)
  cdctl_unit_test(${name} LIBRARIES cdctl_front)
  target_link_options(test_${name} PRIVATE LINKER:--export-dynamic-symbol=cdctl_interface_3)
endforeach()
add_dependencies(test_probe_checks cdctl_http)
