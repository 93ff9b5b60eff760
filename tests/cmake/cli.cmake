foreach(name IN ITEMS good old_interface missing_symbol throws other_build)
  add_library(test_plugin_${name} MODULE plugins/${name}.cpp)
  target_link_libraries(test_plugin_${name} PRIVATE cdctl::sdk)
  set_target_properties(test_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/plugins)
endforeach()

foreach(name IN ITEMS breaker probation stale config config_keys plugin_host command_line completion)
  cdctl_unit_test(${name} LIBRARIES cdctl_front)
  cdctl_host(test_${name})
  add_dependencies(test_${name} cdctl)
endforeach()
add_dependencies(test_plugin_host test_plugin_good test_plugin_old_interface test_plugin_missing_symbol test_plugin_throws test_plugin_other_build)

# Holds records to schemas/*.json in the end-to-end stories.
add_executable(validate-records tools/validate.cpp)
set_target_properties(validate-records PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
