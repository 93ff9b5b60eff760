# What is installed, and what people make with it.
set(install_env "CDCTL_BUILD_DIR=${CMAKE_BINARY_DIR};CDCTL_SOURCE_DIR=${CMAKE_SOURCE_DIR}")

# cdctl_install_test(NAME TIMEOUT_S): tests/install/NAME.bash
function(cdctl_install_test name timeout)
  add_test(NAME install.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/${name}.bash)
  set_tests_properties(install.${name} PROPERTIES LABELS install TIMEOUT ${timeout} ENVIRONMENT "${install_env}")
endfunction()

cdctl_install_test(tree 120)
cdctl_install_test(man 120)

