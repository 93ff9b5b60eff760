# Signals and probes in the front end: the spool, the listener and the user's own checks
foreach(name IN ITEMS spool probe_checks listen)
  cdctl_unit_test(${name} LIBRARIES cdctl_front)
  cdctl_host(test_${name})
endforeach()
add_dependencies(test_probe_checks cdctl_http)
add_dependencies(test_listen cdctl_listen)

if(COMMAND cdctl_story)
  cdctl_story(probe 240 BROKER)
  cdctl_story(listen 180 BROKER)
  cdctl_story(outage 240)
endif()

if(TARGET juju_core)
  cdctl_unit_test(juju_probe LIBRARIES juju_core)
endif()
