# One suite for all engines, and the demo's story on the juju engine: the same scripts, CDCTL_E2E_ENGINE names the engine.

# cdctl_engine_story(NAME SCRIPT ENGINE TIMEOUT_S [BROKER])
function(cdctl_engine_story name script engine timeout)
  add_test(NAME e2e.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${script}.bash)
  set_tests_properties(e2e.${name} PROPERTIES LABELS e2e TIMEOUT ${timeout} COST ${timeout} ENVIRONMENT
    "CDCTL_BUILD_DIR=${CMAKE_BINARY_DIR};CDCTL_SOURCE_DIR=${CMAKE_SOURCE_DIR};CDCTL_BROKER_ENV=${CDCTL_BROKER_ENV};CDCTL_E2E_ENGINE=${engine}")
  if("BROKER" IN_LIST ARGN)
    set_tests_properties(e2e.${name} PROPERTIES FIXTURES_REQUIRED broker)
  endif()
endfunction()

cdctl_engine_story(engine_local engine_conformance local 300)
if(TARGET juju_core)
  foreach(version IN ITEMS 2.9 3.6 4.0)
    string(REPLACE "." "" short ${version})
    cdctl_engine_story(engine_juju_${short} engine_conformance juju-${version} 1800)
    cdctl_engine_story(pipeline_juju_${short} pipeline juju-${version} 300 BROKER)
  endforeach()
  cdctl_engine_story(engine_juju_36_application engine_conformance juju-3.6-application 1800)
  cdctl_engine_story(juju_trouble juju_trouble juju-3.6 1800)
endif()
