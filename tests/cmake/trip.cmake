# The decider: its rules, its states, and what its verdicts are worth on labelled traces.
foreach(name IN ITEMS trip_rule breaker_states)
  cdctl_unit_test(${name} LIBRARIES cdctl_front)
  cdctl_host(test_${name})
endforeach()

add_library(verdict_traces STATIC tools/verdict_traces.cpp tools/verdict_score.cpp)
target_include_directories(verdict_traces PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/tools)
target_link_libraries(verdict_traces PUBLIC cdctl_front cdctl::sdk PRIVATE cdctl_warnings)
# Four hundred traces take their time in a debug build: a test of its own, with a longer timeout.
add_executable(test_verdicts unit/test_verdicts.cpp)
target_include_directories(test_verdicts PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_verdicts PRIVATE verdict_traces Catch2::Catch2WithMain cdctl_warnings ${CMAKE_DL_LIBS})
cdctl_host(test_verdicts)
set_target_properties(test_verdicts PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
catch_discover_tests(test_verdicts TEST_PREFIX "verdicts: " PROPERTIES TIMEOUT 900)

# For scripts/verdicts.
add_executable(verdict-corpus tools/verdict_corpus.cpp)
target_link_libraries(verdict-corpus PRIVATE verdict_traces cdctl_warnings)
cdctl_host(verdict-corpus)
set_target_properties(verdict-corpus PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
cdctl_story(trip_story 180)
