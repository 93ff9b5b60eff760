# cdctl_add_plugin(NAME descriptor.cpp [more.cpp ...] [LIBRARIES lib ...])
#
# Builds NAME.so and, from its own descriptor, NAME.toml beside it. The first source holds the descriptor
# (CDCTL_PLUGIN); the others go into a static library NAME_core, so that tests can link them. Out of this tree, after
# find_package(cdctl), it is the same: try the plugin with CDCTL_PLUGIN_PATH=${CDCTL_PLUGIN_BUILD_DIR}.
# In the descriptor CDCTL_PLUGIN_VERSION is the version of the project() it is in, if that has one.
function(cdctl_add_plugin name descriptor)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LIBRARIES")
  set(sources ${arg_UNPARSED_ARGUMENTS})
  set(directory ${CDCTL_PLUGIN_BUILD_DIR})
  add_library(plugin_${name} MODULE ${descriptor})
  if(sources)
    add_library(${name}_core STATIC ${sources})
    target_include_directories(${name}_core PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}_core PUBLIC cdctl::sdk ${arg_LIBRARIES})
    set_target_properties(${name}_core PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_link_libraries(plugin_${name} PRIVATE ${name}_core)
    if(TARGET cdctl_warnings)
      target_link_libraries(${name}_core PRIVATE cdctl_warnings)
    endif()
  endif()
  target_link_libraries(plugin_${name} PRIVATE cdctl::sdk ${arg_LIBRARIES})
  if(TARGET cdctl_warnings)
    target_link_libraries(plugin_${name} PRIVATE cdctl_warnings)
  endif()
  if(PROJECT_VERSION)
    target_compile_definitions(plugin_${name} PRIVATE CDCTL_PLUGIN_VERSION="${PROJECT_VERSION}")
  endif()
  # Bound at load, so that a missing function is an error of the loader and not a crash at its first call.
  target_link_options(plugin_${name} PRIVATE LINKER:-z,now)
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY ${directory})
  add_dependencies(plugin_${name} cdctl::cdctl)
  add_custom_command(TARGET plugin_${name} POST_BUILD
    COMMAND $<TARGET_FILE:cdctl::cdctl> __manifest $<TARGET_FILE:plugin_${name}> ${directory}/${name}.toml
    BYPRODUCTS ${directory}/${name}.toml COMMENT "Manifest of ${name}" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY CDCTL_PLUGIN_TARGETS plugin_${name})
  install(TARGETS plugin_${name} LIBRARY DESTINATION ${CDCTL_PLUGIN_DIR} NAMELINK_SKIP)
  install(FILES ${directory}/${name}.toml DESTINATION ${CDCTL_PLUGIN_DIR})
  # Rows that few commands need are beside it.
  install(FILES ${directory}/${name}.commands.ndjson DESTINATION ${CDCTL_PLUGIN_DIR} OPTIONAL)
  install(FILES ${directory}/${name}.keys.ndjson DESTINATION ${CDCTL_PLUGIN_DIR} OPTIONAL)
  install(FILES ${directory}/${name}.records.ndjson DESTINATION ${CDCTL_PLUGIN_DIR} OPTIONAL)
endfunction()
