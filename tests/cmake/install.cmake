# What is installed, and what people make with it.
set(install_env "CDCTL_BUILD_DIR=${CMAKE_BINARY_DIR};CDCTL_SOURCE_DIR=${CMAKE_SOURCE_DIR}")

# cdctl_install_test(NAME TIMEOUT_S): tests/install/NAME.bash
function(cdctl_install_test name timeout)
  add_test(NAME install.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/${name}.bash)
  set_tests_properties(install.${name} PROPERTIES LABELS install TIMEOUT ${timeout} ENVIRONMENT "${install_env}")
endfunction()

cdctl_install_test(interface 60)
cdctl_install_test(bootstrap 120)
cdctl_install_test(demo 300)
cdctl_install_test(tree 120)
cdctl_install_test(man 120)
cdctl_install_test(advice 120)
cdctl_install_test(threat_model 60)
cdctl_install_test(schemas 60)
cdctl_install_test(example 300)
cdctl_install_test(notify 120)
cdctl_install_test(new_plugin 700)
cdctl_install_test(deb 900)
set_target_properties(cdctl_next PROPERTIES EXCLUDE_FROM_ALL OFF)

# The sinks of the test of `notify`, with a manifest: a plugin folder of their own.
add_library(test_plugin_sinks MODULE plugins/sinks.cpp)
target_link_libraries(test_plugin_sinks PRIVATE cdctl::sdk cdctl_warnings)
set_target_properties(test_plugin_sinks PROPERTIES PREFIX "" OUTPUT_NAME sinks LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/sinks)
add_custom_command(TARGET test_plugin_sinks POST_BUILD COMMAND $<TARGET_FILE:cdctl> __manifest $<TARGET_FILE:test_plugin_sinks> ${CMAKE_BINARY_DIR}/tests/sinks/sinks.toml VERBATIM)
add_dependencies(test_plugin_sinks cdctl)
