#include "cli/setup/init_plugins.hpp"

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace fs = std::filesystem;

SetupPlugins::SetupPlugins(Context& context) {
  for (const auto& kind : context.plugin_host().kinds("setup")) {
    if (const auto setup = context.setup(kind))
      helpers_.push_back({kind, *setup});
    else
      context.out.warning(setup.error().what);
  }
}

FolderFacts SetupPlugins::look_at(const fs::path& folder) const {
  FolderFacts facts;
  facts.folder = folder;
  for (const auto& [kind, setup] : helpers_) {
    auto clue = setup->look(folder);
    if (clue.source && facts.source.kind.empty()) facts.source = std::move(*clue.source);
    if (facts.spec_question.empty()) facts.spec_question = std::move(clue.spec);
    if (clue.engine.empty() || !facts.engine.empty()) continue;
    facts.engine = std::move(clue.engine);
    facts.because = std::move(clue.because);
  }
  facts.procfile = look_at_procfile(folder);
  const auto from = facts.source.url.empty() ? folder.string() : facts.source.url;
  facts.name = service_name_from(fs::path(from).filename().string());
  return facts;
}

std::string SetupPlugins::kind_of_address(const std::string& address) const {
  std::string out;
  int best = 0;
  for (const auto& [kind, setup] : helpers_)
    if (const int sure = setup->knows(address); sure > best) {
      best = sure;
      out = kind;
    }
  return out;
}

Result<SetupText> SetupPlugins::interview(Dialogue& dialogue, const SetupService& service) const {
  SetupText all;
  for (const auto& [kind, setup] : helpers_) {
    CDCTL_TRY_ASSIGN(auto text, setup->interview(dialogue, service));
    all.configuration += text.configuration;
    all.head += text.head;
    all.sources += text.sources;
    all.service += text.service;
    std::ranges::move(text.files, std::back_inserter(all.files));
  }
  return all;
}

Result<SetupText> SetupPlugins::interview(std::string_view kind, Dialogue& dialogue,
                                          const SetupService& service) const {
  for (const auto& helper : helpers_)
    if (helper.kind == kind) return helper.setup->interview(dialogue, service);
  return SetupText();
}

std::string service_name_from(std::string_view text) {
  if (text.ends_with(".git")) text.remove_suffix(4);
  std::string out;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool letter = lower >= 'a' && lower <= 'z', digit = lower >= '0' && lower <= '9';
    if (digit && out.ends_with('-')) out += 'v';  // a word begins with a letter
    if (letter || (digit && !out.empty()))
      out += lower;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  out.resize(std::min<std::size_t>(out.size(), 38));
  while (out.ends_with('-')) out.pop_back();
  return valid_service_name(out) ? out : std::string();
}

}  // namespace cdctl::cli
