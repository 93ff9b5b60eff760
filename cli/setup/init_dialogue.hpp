#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/args.hpp>

#include "cli/output/context.hpp"
#include "cli/output/prompt.hpp"

namespace cdctl::cli {

/// What is said where an option is needed and nobody is there to ask.
[[nodiscard]] Error missing_option(std::string_view option);

/// The command line and the person, as plugins ask them.
class InitDialogue final : public Dialogue {
 public:
  InitDialogue(Context& context, const Arguments& args, bool asks, bool asks_all);

  std::optional<std::string> option(std::string_view name) const override;
  bool asks() const override { return asks_; }
  bool asks_all() const override { return asks_all_; }
  Result<std::string> line(std::string_view question, std::string_view otherwise) override;
  Result<std::string> secret(std::string_view question) override;
  void warn(std::string_view text) override;
  Error missing(std::string_view option) const override { return missing_option(option); }

 private:
  app::Output& out_;
  const Arguments& args_;
  Prompt prompt_;
  bool asks_, asks_all_;
};

}  // namespace cdctl::cli
