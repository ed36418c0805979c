# Helpers shared by the project's directories.

# The one way to declare a library of the project.
#   vi_add_library(NAME source... [DEPENDS tablegen-target...] [LINK_LIBS lib...])
# MLIR and LLVM are linked as dylibs: a static MLIR library beside the dylib
# would register options and type identifiers twice.
set_property(GLOBAL PROPERTY VI_LIBRARIES "")
function(vi_add_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(vi::${name} ALIAS ${name})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS} MLIR LLVM)
  target_include_directories(${name} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS ${name} EXPORT ViMLIRTargets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  if(ARG_EXCEPTIONS)
    # Header-only libraries that throw are kept behind an interface that does
    # not; only their own files are compiled with exceptions.
    target_compile_options(${name} PRIVATE -fexceptions)
  endif()
  set_property(GLOBAL APPEND PROPERTY VI_LIBRARIES ${name})
endfunction()

# A tool of the project: links the dylibs.
set_property(GLOBAL PROPERTY VI_TOOLS "")
function(vi_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
  install(TARGETS ${name} EXPORT ViMLIRTargets
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_property(GLOBAL APPEND PROPERTY VI_TOOLS ${name})
endfunction()
