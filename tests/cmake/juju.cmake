if(TARGET juju_core)
  cdctl_unit_test(juju_status LIBRARIES juju_core)
endif()
