// What all tests include is compiled with this file, once: see CMakeLists.txt.
