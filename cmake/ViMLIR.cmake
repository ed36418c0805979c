# Helpers shared by the project's directories.

# While files are still on their way: adds those of the directories that exist.
function(vi_add_subdirectories)
  foreach(directory IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${directory}/CMakeLists.txt")
      add_subdirectory(${directory})
    else()
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                   "${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
  endforeach()
endfunction()

# While files are still on their way: leaves out sources that do not exist.
function(vi_existing_sources result)
  set(existing)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE path)
    if(EXISTS "${path}")
      list(APPEND existing "${source}")
    else()
      message(STATUS "source still missing: ${path}")
      cmake_path(GET path PARENT_PATH directory)
      if(EXISTS "${directory}")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                     "${directory}")
      endif()
    endif()
  endforeach()
  if(NOT existing)
    set(empty "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
    file(WRITE "${empty}" "")
    set(existing "${empty}")
  endif()
  set(${result} ${existing} PARENT_SCOPE)
endfunction()

# The one way to declare a library of the project.
#   vi_add_library(NAME source... [DEPENDS tablegen-target...] [LINK_LIBS lib...])
# MLIR and LLVM are linked as dylibs: a static MLIR library beside the dylib
# would register options and type identifiers twice.
set_property(GLOBAL PROPERTY VI_LIBRARIES "")
function(vi_add_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPENDS;LINK_LIBS" ${ARGN})
  vi_existing_sources(sources ${ARG_UNPARSED_ARGUMENTS})
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
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
