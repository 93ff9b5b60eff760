#pragma once

#include <string_view>

namespace cdctl::mojo {

/// How the child tells what happened: its exit status. Anything else is a failure of Python itself.
enum class TemplateStatus { rendered = 0, problems = 10, no_jinja = 11, no_memory = 12 };

/// The child's program. What it is asked is appended as a call: `main("JSON")`. On stdout is the
/// rendering, or a JSON list of findings {"file", "line", "what", "kind"}.
extern const std::string_view k_template_script;

}  // namespace cdctl::mojo
