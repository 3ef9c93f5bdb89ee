# Run by cpack between installing and packing: manual pages and changelogs are compressed in Debian's packages.
file(GLOB_RECURSE texts ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/*.[17]
                        ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/doc/*/changelog
                        ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/doc/*/changelog.Debian)
if(NOT texts)
  message(FATAL_ERROR "no manual page in ${CPACK_TEMPORARY_DIRECTORY}")
endif()
# -n: no time of making, so that the same sources give the same bytes.
execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
