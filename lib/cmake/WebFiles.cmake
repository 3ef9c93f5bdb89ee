# embed_web_files(TARGET): compiles the files of lib/web into TARGET, for lib/src/http/web_files.cpp.
include(EmbedText)

get_filename_component(web_files_dir ${CMAKE_CURRENT_LIST_DIR}/../web ABSOLUTE)

function(embed_web_files target)
  foreach(file index.html ops.html style.css common.js charts.js table.js history.js ops.js icon.svg openapi.json)
    string(REPLACE "." "_" name ${file})
    embed_text(${target} ratings::http::web ${name} ${web_files_dir}/${file})
  endforeach()
endfunction()
