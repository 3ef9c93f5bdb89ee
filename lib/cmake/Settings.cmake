# ratings_settings is linked PRIVATE by every target of ours: one place for warnings and sanitizers.
find_package(Threads REQUIRED)
add_library(ratings_settings INTERFACE)
target_link_libraries(ratings_settings INTERFACE Threads::Threads)
target_compile_options(ratings_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${RATINGS_WERROR}>:-Werror>)
if(RATINGS_SANITIZE)
  target_compile_options(ratings_settings INTERFACE
    -fsanitize=${RATINGS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(ratings_settings INTERFACE -fsanitize=${RATINGS_SANITIZE})
endif()
