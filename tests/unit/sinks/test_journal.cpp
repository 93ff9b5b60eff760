#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "plugins/journal/journal_sink.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;

namespace {

/// A journal's socket that is read when the test likes.
struct Listener {
  test::TempDir folder;
  std::string path = (folder.path() / "socket").string();
  Fd socket;
  test::TestHost host{folder.path()};
  journal::JournalSink sink{host};

  Listener() {
    socket = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    host.config_value.table = Json::object({{"journal", Json::object({{"socket", path}})}});
  }
  /// The next entry, as it is or out of the file that came; empty where there is none.
  std::string next() {
    std::string out(1u << 20, '\0');
    iovec data{out.data(), out.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (const auto* header = CMSG_FIRSTHDR(&message); got == 0 && header) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
      const Fd file(fd);
      CHECK((::fcntl(file.get(), F_GET_SEALS) & F_SEAL_WRITE) != 0);
      out.resize(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)));
      CHECK(::pread(file.get(), out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()));
    }
    return out;
  }
};

Json hold(int number, std::string why = "a feast") {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", "hold"},
                       {"service", "thumbs"},
                       {"ok", true},
                       {"changed", true},
                       {"n", number},
                       {"why", std::move(why)},
                       {"time", "2026-11-23T04:11:30.120Z"}});
}

}  // namespace

TEST_CASE("an entry has a field a line, and a length where a value has lines") {
  Notice notice;
  notice.kind = Notice::Kind::cut;
  notice.key = "cut/thumbs-r0000000001";
  notice.severity = Severity::critical;
  notice.summary = "one\nPRIORITY=7";
  notice.service = "thumbs";
  const auto entry = journal::entry_of(notice, Json::object({{"a", 1}}));
  using namespace std::string_literals;
  CHECK(entry.starts_with("MESSAGE\n\x0e\0\0\0\0\0\0\0one\nPRIORITY=7\n"s));
  CHECK(entry.find("\nPRIORITY=2\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_KEY=cut/thumbs-r0000000001\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_SERVICE=thumbs\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_RECORD={\"a\":1}\n") != std::string::npos);
  CHECK(entry.find("CDCTL_TARGET") == std::string::npos);
}

TEST_CASE("what is longer than a datagram goes as a sealed file, in its turn") {
  Listener journal;
  const std::vector records{hold(1), hold(2, std::string(1u << 20, 'x')), hold(3)};
  const auto answer = journal.sink.pass("", records, Deadline(Millis(5'000)));
  REQUIRE(answer);
  CHECK(answer->again.empty());
  CHECK(journal.next().find("\"n\":1") != std::string::npos);
  const auto large = journal.next();
  CHECK(large.size() > 1u << 20);
  CHECK(large.find("\"n\":2") != std::string::npos);
  CHECK(journal.next().find("\"n\":3") != std::string::npos);
}

TEST_CASE("a journal that stands still holds nobody up, and gets the rest later") {
  Listener journal;
  std::vector<Json> records;
  for (int i = 0; i < 2'000; ++i) records.push_back(hold(i));
  const auto began = std::chrono::steady_clock::now();
  const auto answer = journal.sink.pass("", records, Deadline(Millis(300)));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  REQUIRE(answer);
  REQUIRE_FALSE(answer->again.empty());
  CHECK(answer->why == "writing to the journal: it takes nothing");
  CHECK(answer->again.back() == records.size() - 1);
  std::size_t taken = 0;
  while (!journal.next().empty()) ++taken;
  CHECK(taken == answer->again.front());  // none twice, none lost
}

TEST_CASE("where no journal listens the whole batch comes later") {
  Listener journal;
  journal.socket.reset();
  const std::vector records{hold(1)};
  const auto answer = journal.sink.pass("", records, Deadline(Millis(300)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().transient);
}
