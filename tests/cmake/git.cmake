if(TARGET git_core)
  cdctl_unit_test(git_refs LIBRARIES git_core)
  cdctl_unit_test(git_source LIBRARIES git_core)
endif()
