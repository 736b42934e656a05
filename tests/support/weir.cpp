#include "support/weir.hpp"

#include "support/connectors.hpp"

namespace weir::test {

std::string Ran::error_code() const {
    if (!json.contains("error") || json["error"].is_null()) return {};
    return json["error"].value("code", "");
}

std::ostream& operator<<(std::ostream& out, Ran const& ran) {
    return out << "exit " << ran.code << "\nstandard output: " << ran.out.substr(0, 4000)
               << "\nstandard error: " << ran.err.substr(0, 4000);
}

Ran finish(Process& process) {
    Ran ran;
    ran.code = process.wait();
    ran.peak_kib = process.peak_kib();
    ran.out = process.out();
    ran.err = process.err();
    std::string text = ran.out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    Json last = Json::parse(text.substr(text.rfind('\n') + 1), nullptr, false);
    if (last.is_object()) ran.json = std::move(last);
    return ran;
}

std::vector<std::string> weir_command(std::vector<std::string> const& arguments) {
    std::vector<std::string> line{weir_path()};
    line.insert(line.end(), arguments.begin(), arguments.end());
    return line;
}

Ran weir(std::vector<std::string> const& arguments, ProcessOptions const& options) {
    Process process{weir_command(arguments), options};
    return finish(process);
}

}  // namespace weir::test
