if(TARGET bzr_core)
  cdctl_unit_test(bzr_source LIBRARIES bzr_core)
endif()
