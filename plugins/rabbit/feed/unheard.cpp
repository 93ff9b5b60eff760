#include "plugins/rabbit/feed/unheard.hpp"

#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::rabbit {

void Unheard::note(Why why, std::string text) {
  auto& kind = kinds_[index(why)];
  if (kind.count++ == 0) kind.first = std::move(text);
  if (at_once_ && kind.count >= kind.tell_at) tell(kind);
}

void Unheard::tell(Kind& kind) {
  kind.told = kind.count;
  kind.tell_at = kind.count * 10;
  if (quiet_) return;
  const auto others = kind.count - 1;
  host_.log(Level::warning, others == 0 ? fmt::format("not heard: {}", kind.first)
                                        : fmt::format("not heard: {}; and {} like it", kind.first,
                                                      plural(others, "message", "messages")));
}

void Unheard::finish() {
  for (auto& kind : kinds_)
    if (kind.count > kind.told) tell(kind);
}

}  // namespace cdctl::rabbit
