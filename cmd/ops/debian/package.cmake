# cpack, in the build folder: ratingsctl_….deb and libratings-dev_….deb for the Debian that it runs on.
# Needs dpkg-dev (the libraries' packages are found by dpkg-shlibdeps) and file.
set(debian ${CMAKE_CURRENT_LIST_DIR})
set(debian_made ${CMAKE_CURRENT_BINARY_DIR}/debian)
set(version_id unknown)
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release version_id REGEX "^VERSION_ID=")
  string(REGEX REPLACE "^VERSION_ID=\"?([^\"]*)\"?$" "\\1" version_id "${version_id}")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ratingsctl)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The ratingsctl authors <ratingsctl@example.org>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_PREFIX /usr)  # what counts with DESTDIR
set(CPACK_SET_DESTDIR ON)  # the configuration lies outside the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${debian}/compress.cmake)

# Two packages: what runs (with the library, whose interface is not frozen yet), and what one builds with.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL ratingsctl debian development)
set(CPACK_COMPONENT_RATINGSCTL_GROUP program)
set(CPACK_COMPONENT_DEBIAN_GROUP program)
set(CPACK_COMPONENT_DEVELOPMENT_GROUP headers)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# A machine that goes from Debian 12 to 13 gets the package of 13, whose libraries are others.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1+deb${version_id})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # it would be put in front of both
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"flat ratings store with a cache that never lies
Loads a file of ratings, one record an event, into PostgreSQL or a SQLite
file, answers over HTTP what a user has rated, takes a bot's ratings out
and gives them back. Its caches are compared with the store before every
answer.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME ratingsctl)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "adduser")
# backup.sh and restore.sh want the client of the store that there is.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "sqlite3 | postgresql-client")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "postgresql, redis-server")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA
  ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/conffiles ${debian}/triggers)

set(CPACK_COMPONENT_HEADERS_DESCRIPTION
"headers and CMake package of the library of ratingsctl
For programs that read the store, or serve it, themselves.")
set(CPACK_DEBIAN_HEADERS_PACKAGE_NAME libratings-dev)
set(CPACK_DEBIAN_HEADERS_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_HEADERS_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_HEADERS_PACKAGE_DEPENDS
  "ratingsctl (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")

# Only in the package: nobody who runs `cmake --install` wants something in /etc.
set(in_package COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${debian}/config.toml DESTINATION /etc/ratingsctl ${in_package})
file(READ ${PROJECT_SOURCE_DIR}/LICENSE licence)
string(REGEX REPLACE "^MIT License\n\nCopyright[^\n]*\n\n" "" licence "${licence}")
string(REGEX REPLACE "\n\n" "\n.\n" licence "${licence}")
string(STRIP "${licence}" licence)
string(REGEX REPLACE "\n" "\n " licence "${licence}")
file(CONFIGURE OUTPUT ${debian_made}/copyright @ONLY CONTENT
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ratingsctl

Files: *
Copyright: 2026 The ratingsctl authors
License: Expat

License: Expat
 @licence@
")
file(CONFIGURE OUTPUT ${debian_made}/changelog.Debian @ONLY CONTENT
"ratingsctl (@PROJECT_VERSION@-@CPACK_DEBIAN_PACKAGE_RELEASE@) unstable; urgency=medium

  * Made by cpack. What has changed: changelog.gz.

 -- @CPACK_PACKAGE_CONTACT@  Wed, 25 Nov 2026 00:00:00 +0000
")
configure_file(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${debian_made}/changelog COPYONLY)
install(FILES ${debian_made}/copyright ${debian_made}/changelog ${debian_made}/changelog.Debian
              ${CMAKE_CURRENT_SOURCE_DIR}/README.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ratingsctl ${in_package})
# Policy wants a copyright file in each package.
install(FILES ${debian_made}/copyright ${debian_made}/changelog ${debian_made}/changelog.Debian
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libratings-dev COMPONENT development_debian EXCLUDE_FROM_ALL)
list(APPEND CPACK_COMPONENTS_ALL development_debian)
set(CPACK_COMPONENT_DEVELOPMENT_DEBIAN_GROUP headers)
include(CPack)
