if(TARGET mojo_core)
  cdctl_unit_test(mojo_corpus LIBRARIES mojo_core)
  cdctl_unit_test(mojo_lint LIBRARIES mojo_core)
endif()
