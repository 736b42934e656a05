// A template's static, which g++ makes a unique symbol unless it is told otherwise.
#include <weir/module.h>

#include <cstdint>

template <class T>
struct Counter {
    __attribute__((visibility("default"))) static int value;
};
template <class T>
int Counter<T>::value = 0;

extern "C" weir_module const* weir_module_entry(std::uint32_t, std::uint32_t) {
    ++Counter<int>::value;
    return nullptr;
}
