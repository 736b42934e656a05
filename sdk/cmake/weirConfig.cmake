# find_package(weir REQUIRED) gives weir::sdk and weir_add_plugin().
include(CMakeFindDependencyMacro)
find_dependency(nlohmann_json)
include(${CMAKE_CURRENT_LIST_DIR}/weir-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/weir_add_plugin.cmake)
