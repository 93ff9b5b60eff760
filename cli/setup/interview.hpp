#pragma once

#include <string>
#include <string_view>

#include <cdctl/args.hpp>

#include "cli/output/prompt.hpp"
#include "cli/setup/init_look.hpp"
#include "cli/setup/init_text.hpp"

namespace cdctl::cli {

/// The questions of `init`. Settles one answer after the other: from its option, from a person, or
/// with --yes from what was found. Lives for one run of `init`.
class Interview {
 public:
  Interview(Context& context, const Arguments& args, FolderFacts facts, bool adding);

  [[nodiscard]] Result<InitAnswers> run();
  /// Whether a person was led through questions, and is to agree at the end.
  [[nodiscard]] bool asked() const { return asks_all_; }

 private:
  [[nodiscard]] Result<std::string> settle(const char* option, std::string_view question,
                                           const std::string& found, bool needed = true);
  [[nodiscard]] Result<> service();
  [[nodiscard]] Result<> sources();
  [[nodiscard]] Result<> branch();
  [[nodiscard]] Result<> engine();
  void broker_of_before();
  [[nodiscard]] Result<> broker();
  [[nodiscard]] Result<> login(const std::string& user);
  [[nodiscard]] Result<> note_reply(const BrokerReply& reply);
  [[nodiscard]] Result<> queues();

  Context& context_;
  const Arguments& args_;
  FolderFacts facts_;
  Prompt prompt_;
  bool asks_;      ///< a person answers what must be known
  bool asks_all_;  ///< and what has a default
  bool adding_;
  InitAnswers answers_;
};

}  // namespace cdctl::cli
