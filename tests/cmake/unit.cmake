# Debian 12 has Catch2 2, Debian 13 and Ubuntu 24.04 have Catch2 3: the tests are written for the former.
find_package(Catch2 REQUIRED)
include(Catch)
if(Catch2_VERSION VERSION_LESS 3)
  set(catch_no_tests -w NoTests)
else()
  set(catch_no_tests "")   # a failure by itself there
endif()

# cdctl_unit_room(ROOM LIBRARIES lib… [DEPENDS target…] [FIXTURES broker]): all of tests/unit/ROOM, one program. Its tests are listed
# when ctest runs, and not when it is built.
function(cdctl_unit_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LIBRARIES;DEPENDS;FIXTURES")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${room}/test_*.cpp)
  add_executable(test_${room} ${sources})
  target_include_directories(test_${room} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  if(Catch2_VERSION VERSION_GREATER_EQUAL 3)
    target_include_directories(test_${room} BEFORE PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support/catch2_3)
  endif()
  target_compile_definitions(test_${room} PRIVATE CDCTL_BUILD_DIR="${CMAKE_BINARY_DIR}" CDCTL_LIBDIR="${CDCTL_LIBDIR}"
    CDCTL_LIBEXEC_DIR="${CDCTL_LIBEXEC_DIR}" CDCTL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(test_${room} PRIVATE ${arg_LIBRARIES} cdctl::sdk Catch2::Catch2WithMain cdctl_warnings ${CMAKE_DL_LIBS})
  set_target_properties(test_${room} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  cdctl_host(test_${room})
  if(arg_DEPENDS)
    add_dependencies(test_${room} ${arg_DEPENDS})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 400)
  endif()
  # A name that CMake has cut, at a semicolon, matches none: that is a failure, and no test that passes. Catch 2 takes all that
  # follows EXTRA_ARGS, up to PROPERTIES, for arguments of the tests.
  catch_discover_tests(test_${room} TEST_PREFIX "${room}: " DISCOVERY_MODE PRE_TEST EXTRA_ARGS ${catch_no_tests}
    PROPERTIES TIMEOUT ${arg_TIMEOUT} FIXTURES_REQUIRED "${arg_FIXTURES}" ENVIRONMENT_MODIFICATION "${CDCTL_HERE}")
endfunction()

# Plugins for tests: two that work, and those that are refused, each for a reason of its own.
set(test_plugins "")
foreach(name IN ITEMS good rows old_interface missing_symbol throws other_build)
  add_library(test_plugin_${name} MODULE plugins/${name}.cpp)
  target_link_libraries(test_plugin_${name} PRIVATE cdctl::sdk)
  set_target_properties(test_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/plugins)
  list(APPEND test_plugins test_plugin_${name})
endforeach()

cdctl_unit_room(sdk DEPENDS cdctl_http)
cdctl_unit_room(breaker LIBRARIES cdctl_breaker)
cdctl_unit_room(plugins LIBRARIES cdctl_core DEPENDS cdctl ${test_plugins})
cdctl_unit_room(config LIBRARIES cdctl_core DEPENDS cdctl)
cdctl_unit_room(fleet LIBRARIES cdctl_core)
cdctl_unit_room(records LIBRARIES cdctl_core)
cdctl_unit_room(land LIBRARIES cdctl_core)
cdctl_unit_room(notify LIBRARIES cdctl_core)
cdctl_unit_room(metrics LIBRARIES cdctl_core)
cdctl_unit_room(sinks LIBRARIES pagerduty_core webhook_core alertmanager_core elastic_core journal_core otlp_core)
cdctl_unit_room(feed LIBRARIES cdctl_front DEPENDS cdctl_listen)
cdctl_unit_room(probe LIBRARIES cdctl_front DEPENDS cdctl_http)
cdctl_unit_room(actions LIBRARIES cdctl_core)
cdctl_unit_room(command_line LIBRARIES cdctl_front DEPENDS cdctl)
cdctl_unit_room(top LIBRARIES cdctl_front)
cdctl_unit_room(timeline LIBRARIES cdctl_front)
cdctl_unit_room(page LIBRARIES cdctl_front)
cdctl_unit_room(local LIBRARIES local_core)
target_sources(test_local PRIVATE ${PROJECT_SOURCE_DIR}/plugins/local/supervise/log_file.cpp)  # of the supervisor, which is no library
cdctl_unit_room(git LIBRARIES git_core)
cdctl_unit_room(bzr LIBRARIES bzr_core)
cdctl_unit_room(forges LIBRARIES cdctl_forges)
cdctl_unit_room(github LIBRARIES github_core)
cdctl_unit_room(gitea LIBRARIES gitea_core DEPENDS cdctl_http)
cdctl_unit_room(gitlab LIBRARIES gitlab_core)
cdctl_unit_room(launchpad LIBRARIES launchpad_core)
cdctl_unit_room(mojo LIBRARIES mojo_core git_core)
cdctl_unit_room(juju LIBRARIES juju_core)
cdctl_unit_room(rabbit LIBRARIES rabbit_core DEPENDS cdctl_http FIXTURES broker)
cdctl_test_on_root(unit 900 LABELS unit ENVIRONMENT "CDCTL_TEST_BROKER_ENV=${CDCTL_BROKER4_ENV}" COMMAND $<TARGET_FILE:test_rabbit>)

# Holds records to schemas/*.json in the stories.
add_executable(validate-records tools/validate.cpp)
set_target_properties(validate-records PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
