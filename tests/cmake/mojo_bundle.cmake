if(TARGET mojo_core)
  cdctl_unit_test(mojo_bundle LIBRARIES mojo_core)
  cdctl_unit_test(mojo_template LIBRARIES mojo_core)
endif()
