# find_package(weir REQUIRED) gives weir::sdk, weir_add_plugin(), and weir::testkit where GoogleTest
# is.
include(CMakeFindDependencyMacro)
find_dependency(nlohmann_json)
include(${CMAKE_CURRENT_LIST_DIR}/weir-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/weir_add_plugin.cmake)

if(NOT TARGET weir::testkit)
  find_package(GTest QUIET)
  find_package(Threads QUIET)
  if(TARGET GTest::gtest AND TARGET Threads::Threads)
    add_library(weir::testkit INTERFACE IMPORTED)
    target_link_libraries(weir::testkit INTERFACE
      weir::sdk GTest::gtest Threads::Threads ${CMAKE_DL_LIBS})
  endif()
endif()
