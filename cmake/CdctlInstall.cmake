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

# ---- cdctl(1) and a page for each command, from the rows that help is made from
get_property(plugin_targets GLOBAL PROPERTY CDCTL_PLUGIN_TARGETS)
set(man_dir ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_MANDIR}/man1)
add_custom_command(OUTPUT ${man_dir}/cdctl.1.gz
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${man_dir}
  COMMAND ${CMAKE_COMMAND} -E env --unset=CDCTL_PLUGIN_PATH XDG_DATA_HOME=${CMAKE_BINARY_DIR}/none $<TARGET_FILE:cdctl> __man ${man_dir} ${CDCTL_RELEASE_DATE}
  COMMAND gzip -9nr ${man_dir}
  DEPENDS cdctl ${plugin_targets} COMMENT "Manual pages" VERBATIM)
add_custom_target(cdctl_man ALL DEPENDS ${man_dir}/cdctl.1.gz)
install(DIRECTORY ${man_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# ---- what people read: the links between the documents hold where they are installed, too
install(DIRECTORY schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/cdctl)
install(FILES README.md ARCHITECTURE.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licence)
