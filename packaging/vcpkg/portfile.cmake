# A template of a vcpkg port, used from a checkout: vcpkg install dfq --overlay-ports=packaging/vcpkg
# For a registry, put vcpkg_from_github (or another vcpkg_from_...) with REPO, REF and SHA512 of
# the release in place of the next line.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES tools DFQ_BUILD_CLI)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${options} -DDFQ_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME dfq CONFIG_PATH share/cmake/dfq)
vcpkg_fixup_pkgconfig()
if("tools" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES dfq AUTO_CLEAN)
endif()

# One header is the same for debug and release.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
