# weir_add_plugin(NAME SOURCES file... [LIBRARIES target...] [CONFIG_SCHEMA file.json]
#                 [KIND connectors|plugins] [DIRECTORY dir] [COMPONENT component])
#
# Builds NAME.so the way the host wants it: hidden symbols, one export, every symbol resolved, no
# write bits for others; then seals it, so that a damaged copy is known as one, lints it and writes
# the manifest NAME.json beside it. weir-runner does these, so a library that the host would refuse
# fails the build. With CONFIG_SCHEMA the sources may include "config_schema.h", which has that file
# as the text `config_schema`.
set(WEIR_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map CACHE INTERNAL "What a plugin exports")

function(weir_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg ""
    "KIND;DIRECTORY;COMPONENT;CONFIG_SCHEMA" "SOURCES;LIBRARIES")
  if(NOT arg_KIND)
    set(arg_KIND connectors)
  endif()
  if(NOT arg_COMPONENT)
    set(arg_COMPONENT runtime)
  endif()
  set(is_installed NO)
  if(NOT arg_DIRECTORY)
    set(is_installed YES)
    set(arg_DIRECTORY ${CMAKE_BINARY_DIR}/lib/weir/${arg_KIND})
  endif()
  set(target weir_${name})
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY}
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${WEIR_PLUGIN_MAP})
  # Unique symbols would make a second generation run on the first one's statics.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${WEIR_PLUGIN_MAP} -Wl,-z,relro -Wl,-z,now)
  if(NOT WEIR_SANITIZE)  # a sanitizer's runtime is resolved from the host
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${target} PRIVATE weir::sdk ${arg_LIBRARIES})
  if(arg_CONFIG_SCHEMA)
    weir_embed_schema(${target} ${arg_CONFIG_SCHEMA})
  endif()
  if(TARGET weir-runner)  # in Weir's own tree
    target_link_libraries(${target} PRIVATE weir_checked)
    add_dependencies(weir_runtime ${target})
  endif()
  weir_find_runner(runner)
  # A library with AddressSanitizer wants its runtime first in the process, which weir-runner is not
  # built with; what is looked at here holds all the same.
  set(run ${CMAKE_COMMAND} -E env ASAN_OPTIONS=verify_asan_link_order=0 ${runner})
  # The manifest holds the sha256 of the file: nothing may touch the library after this, so it is
  # installed as a file, which `cmake --install --strip` leaves as it is.
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND chmod go-w $<TARGET_FILE:${target}> ${arg_DIRECTORY}
    COMMAND ${run} --seal $<TARGET_FILE:${target}>
    COMMAND ${run} --lint $<TARGET_FILE:${target}>
    COMMAND ${run} --describe $<TARGET_FILE:${target}> --output ${arg_DIRECTORY}/${name}.json
    COMMENT "Manifest of ${name}" VERBATIM)
  if(TARGET weir-runner)
    add_dependencies(${target} weir-runner)
  endif()
  if(is_installed)
    install(FILES $<TARGET_FILE:${target}> ${arg_DIRECTORY}/${name}.json
      DESTINATION lib/weir/${arg_KIND} COMPONENT ${arg_COMPONENT})
  endif()
endfunction()

# Makes "config_schema.h" of a file, for the sources of `target`.
function(weir_embed_schema target file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  string(JSON type ERROR_VARIABLE failed GET "${text}" type)
  if(failed OR NOT type STREQUAL object)
    message(FATAL_ERROR "${file}: a JSON Schema whose type is object is wanted: ${failed}")
  endif()
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n  \"" text "${text}")
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${target}_schema)
  file(CONFIGURE OUTPUT ${directory}/config_schema.h
    CONTENT "static const char config_schema[] =\n  \"@text@\";\n" @ONLY)
  target_include_directories(${target} PRIVATE ${directory})
endfunction()

# weir_test_connector(NAME [CONFIG json] [MAKE command] [CONTENT command] [DROP command]
#                     [STREAM name] [CURSOR field] [KEY field...] [BROKEN json...])
#
# What the suite has to know of the connector NAME: `weir connector test --help` says what the words
# mean. They are written into NAME.test.json beside the library, where `weir connector test NAME.so`
# finds them, and that is also the test of this name.
function(weir_test_connector name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CONFIG;MAKE;CONTENT;DROP;STREAM;CURSOR" "KEY;BROKEN")
  set(json "{}")
  foreach(word MAKE CONTENT DROP STREAM CURSOR)
    if(arg_${word})
      string(TOLOWER ${word} member)
      weir_json_text(text "${arg_${word}}")
      string(JSON json SET "${json}" ${member} "${text}")
    endif()
  endforeach()
  if(arg_CONFIG)
    string(JSON json SET "${json}" config "${arg_CONFIG}")
  endif()
  foreach(word KEY BROKEN)
    string(TOLOWER ${word} member)
    set(at 0)
    foreach(value IN LISTS arg_${word})
      if(at EQUAL 0)
        string(JSON json SET "${json}" ${member} "[]")
      endif()
      if(word STREQUAL KEY)
        weir_json_text(value "${value}")
      endif()
      string(JSON json SET "${json}" ${member} ${at} "${value}")
      math(EXPR at "${at} + 1")
    endforeach()
  endforeach()
  get_target_property(directory weir_${name} LIBRARY_OUTPUT_DIRECTORY)
  file(WRITE ${directory}/${name}.test.json "${json}\n")
  set(weir $<TARGET_FILE:weir>)
  if(NOT TARGET weir)
    find_program(WEIR_COMMAND weir HINTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin REQUIRED)
    set(weir ${WEIR_COMMAND})
  endif()
  add_test(NAME ${name} COMMAND ${weir} connector test $<TARGET_FILE:weir_${name}>)
endfunction()

# Sets `out` to `text` as a string of JSON.
function(weir_json_text out text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n" text "${text}")
  string(REPLACE "\t" "\\t" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

# Sets `out` to the command line of weir-runner: the one that is built here, or the installed one
# that lies beside this file's installation.
function(weir_find_runner out)
  if(TARGET weir-runner)
    set(${out} $<TARGET_FILE:weir-runner> PARENT_SCOPE)
    return()
  endif()
  find_program(WEIR_RUNNER weir-runner
    HINTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../weir
          ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../lib/weir
    REQUIRED)
  set(${out} ${WEIR_RUNNER} PARENT_SCOPE)
endfunction()
