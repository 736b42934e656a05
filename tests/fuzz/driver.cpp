// Runs a target without libFuzzer: its seeds as they are, then mutations of them, as many as are
// asked for. Says with which seed of chance; the input that a process died of is printed, escaped
// as in C, and is one line of a file again.
//
//   fuzz_TARGET SEEDS [ROUNDS]     mutations of the files of a folder
//   fuzz_TARGET FILE               this one input
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;

constexpr unsigned slow_s = 20;
std::string current;  // what the target has in hand, for the signal handler

void put(std::string_view text) {
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody is left to be told
}

extern "C" void tell_input(int signal) {
    put(signal == SIGALRM ? "\nthis input takes too long:\n" : "\nthe process died of:\n");
    for (char const c : current) {
        auto const byte = static_cast<unsigned char>(c);
        bool const is_plain = byte >= 0x20 && byte < 0x7F && c != '\\';
        char const escaped[] = {'\\', 'x', "0123456789abcdef"[byte >> 4],
                                "0123456789abcdef"[byte & 15]};
        put(is_plain ? std::string_view{&c, 1} : std::string_view{escaped, sizeof escaped});
    }
    put("\n");
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run(std::string input) {
    current = std::move(input);
    ::alarm(slow_s);
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(current.data()), current.size());
    ::alarm(0);
}

std::string bytes_of(fs::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

class Mutations {
public:
    Mutations(std::vector<std::string> seeds, std::uint64_t chance)
        : seeds_{std::move(seeds)}, random_{chance} {}

    std::string next() {
        std::string out = any();
        for (std::size_t left = 1 + below(6); left > 0; --left) change(out);
        return out;
    }

private:
    static constexpr std::size_t bytes_max = 64 * 1024;

    std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
    std::string const& any() { return seeds_[below(seeds_.size())]; }

    /// Bytes that parsers take for something, and the edges of numbers.
    std::string_view word() {
        static constexpr std::string_view words[] = {
            std::string_view{"\0", 1}, "\r\n", "\n", "\t", "%00", "%", "\xFF", "\xC0\x80",
            "\xED\xA0\x80", "\\u0000", "\\ud800", "\"", "{", "[", "]", ":", ",", "/", "@", "-", "*",
            "0", "-1", "65536", "2147483648", "9223372036854775808", "18446744073709551616",
            "1e999", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"};
        return words[below(std::size(words))];
    }

    void change(std::string& out) {
        std::size_t const at = below(out.size() + 1);
        std::size_t const size = below(std::min<std::size_t>(out.size() - at, 32) + 1);
        switch (below(8)) {
            case 0:
                if (at < out.size()) out[at] = static_cast<char>(out[at] ^ (1 << below(8)));
                break;
            case 1:
                if (at < out.size()) out[at] = static_cast<char>(below(256));
                break;
            case 2: out.erase(at, size); break;
            case 3: out.insert(at, out.substr(at, size)); break;
            case 4: out.insert(at, word()); break;
            case 5: out.resize(at); break;
            case 6: {
                std::string const& other = any();
                std::size_t const from = below(other.size() + 1);
                out.replace(at, size, other, from, below(other.size() - from + 1));
                break;
            }
            default:  // much of one thing
                if (size > 0)
                    for (std::size_t i = below(200); i > 0 && out.size() < bytes_max; --i)
                        out.insert(at, out.substr(at, size));
        }
        if (out.size() > bytes_max) out.resize(bytes_max);
    }

    std::vector<std::string> seeds_;
    std::mt19937_64 random_;
};

std::uint64_t chance() {
    char const* const given = std::getenv("WEIR_TEST_SEED");
    if (given) return std::stoull(given);
    // The short form is the same each time, so that it fails for nobody but whoever broke it.
    return std::getenv("WEIR_TEST_LONG") ? std::random_device{}() : 20;
}

}  // namespace

int main(int count, char** words) {
    if (count < 2) {
        std::cerr << "which folder of seeds, or which file?\n";
        return 2;
    }
    for (int const signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGALRM})
        std::signal(signal, tell_input);
    if (!fs::is_directory(words[1])) {
        run(bytes_of(words[1]));
        return 0;
    }
    std::vector<fs::path> files;
    for (auto const& entry : fs::directory_iterator{words[1]}) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<std::string> seeds;
    for (fs::path const& file : files) seeds.push_back(bytes_of(file));
    if (seeds.empty()) {
        std::cerr << words[1] << " has no seeds\n";
        return 2;
    }
    std::uint64_t const seed = chance();
    std::cerr << "WEIR_TEST_SEED=" << seed << "\n";
    for (std::string const& each : seeds) run(each);
    Mutations mutations{std::move(seeds), seed};
    for (long left = count > 2 ? std::atol(words[2]) : 10'000; left > 0; --left)
        run(mutations.next());
}
