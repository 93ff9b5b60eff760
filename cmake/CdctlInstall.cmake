# What is installed beside programs, modules and plugins: the CMake package, manual pages, schemas, documents.
include(CMakePackageConfigHelpers)

# ---- find_package(cdctl). An interface version may come with a minor one, so only the same minor version fits.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cdctl)
configure_package_config_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/cdctlConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/cdctlConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/cdctlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT cdctl NAMESPACE cdctl:: FILE cdctlTargets.cmake DESTINATION ${package_dir} COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/cmake/cdctlConfig.cmake ${CMAKE_BINARY_DIR}/cmake/cdctlConfigVersion.cmake cmake/CdctlPlugin.cmake
  DESTINATION ${package_dir} COMPONENT dev)

# ---- cdctl(1) and a page for each command, from the rows that help is made from: made when they are installed, and by the target
# cdctl_man, but not with every build
get_property(plugin_targets GLOBAL PROPERTY CDCTL_PLUGIN_TARGETS)
set(man_command ${CMAKE_COMMAND} -E env --unset=CDCTL_PLUGIN_PATH XDG_DATA_HOME=${CMAKE_BINARY_DIR}/none $<TARGET_FILE:cdctl> __man)
set(man_dir ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_MANDIR}/man1)
add_custom_target(cdctl_man COMMAND ${man_command} ${man_dir} ${CDCTL_RELEASE_DATE} COMMENT "Manual pages" VERBATIM)
add_dependencies(cdctl_man cdctl ${plugin_targets})
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1\")
  message(STATUS \"Installing: \${folder}: manual pages\")
  file(MAKE_DIRECTORY \"\${folder}\")
  file(GLOB old \"\${folder}/cdctl.1.gz\" \"\${folder}/cdctl-*.1.gz\")
  list(APPEND old \"\${folder}/none\")
  file(REMOVE \${old})
  execute_process(COMMAND ${man_command} \"\${folder}\" ${CDCTL_RELEASE_DATE} COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB pages \"\${folder}/cdctl.1\" \"\${folder}/cdctl-*.1\")
  execute_process(COMMAND gzip -9n \${pages} COMMAND_ERROR_IS_FATAL ANY)
")

# ---- what people read: the links between the documents hold where they are installed, too
install(DIRECTORY schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/cdctl)
install(FILES README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licence)
