#pragma once

namespace weir::generator {

/// What the codes of this library mean, for people: `errors` of its meta_json.
inline constexpr char errors[] = R"([
  {"code": "generator.bad_option", "title": "No such option",
   "cause": "An option of the generator is not known or not possible.",
   "remedy": "weir copy 'generator:rows=1000&types=int64+text' shows how they are written."}])";

}  // namespace weir::generator
