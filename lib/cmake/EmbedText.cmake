# embed_text(TARGET NAMESPACE NAME FILE): compiles FILE into TARGET as
#   namespace NAMESPACE { extern const std::string_view NAME; }
# so that SQL stays a file that runs in its own shell, and the binary needs nothing beside it.
function(embed_text target namespace name file)
  get_filename_component(path ${file} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  # The opening comment is for readers of the file; a server's statement log need not repeat it.
  string(REGEX REPLACE "^(--[^\n]*\n)+" "" text "${text}")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed_${name}.cpp)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"// Made from @file@ by embed_text(); do not edit.
#include <string_view>
namespace @namespace@ {
extern const std::string_view @name@;
const std::string_view @name@ = R\"~embed~(@text@)~embed~\";
}  // namespace @namespace@
")
  target_sources(${target} PRIVATE ${out})
endfunction()
