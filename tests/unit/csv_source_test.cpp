#include "csv/block_reader.hpp"
#include "csv/byte_source.hpp"
#include "csv/content_hasher.hpp"
#include "csv_compress.hpp"
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <future>
#include <sys/stat.h>

namespace ratings::test {
namespace {

using namespace std::string_literals;

std::string unpack(const std::string& path, std::size_t piece = 5000) {
  const std::atomic<bool> stop = false;
  const auto source = csv::open_source(path, stop);
  std::string all;
  std::string buffer(piece, '\0');
  for (auto got = source->read(buffer); got > 0; got = source->read(buffer)) all.append(buffer, 0, got);
  CHECK(source->consumed() == source->total().value_or(source->consumed()));
  return all;
}

std::string some_rows() {
  std::string text = "userId,movieId,rating,timestamp\n";
  for (int i = 0; i < 30'000; ++i)
    text += std::to_string(i) + "," + std::to_string(i * 7 % 999) + ",3.5," + std::to_string(i * i % 65537) +
            "\n";
  return text;
}

std::string message_of(const std::string& path) {
  try {
    (void)unpack(path);
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    return error.what();
  }
  return "";
}

std::string packed_as(const std::string& kind, const std::string& text) {
  if (kind == "gz") return compress(text, Filter::gzip);
  if (kind == "zst") return compress(text, Filter::zstd);
  if (kind == "xz") return compress(text, Filter::xz);
  return make_zip({{"ratings.csv", text}});
}

}  // namespace

TEST_SUITE("csv byte source") {
  TEST_CASE("plain, gzip, zstd, xz and zip are told apart by content, whatever the name says") {
    const TempFolder folder;
    const auto text = some_rows();

    CHECK(unpack(folder.write("a.gz", text)) == text);
    for (const auto* kind : {"gz", "zst", "xz", "zip"}) {
      CAPTURE(kind);
      const auto packed = packed_as(kind, text);
      CHECK(packed.size() < text.size() / 2);
      CHECK(unpack(folder.write("a.csv", packed)) == text);
      CHECK(unpack(folder.write("a.csv", packed), 1) == text);
    }
  }

  TEST_CASE("members joined end to end are one file") {
    const TempFolder folder;
    for (const auto* kind : {"gz", "zst", "xz"}) {
      CAPTURE(kind);
      CHECK(unpack(folder.write("a", packed_as(kind, "1\n") + packed_as(kind, "2\n"))) == "1\n2\n");
    }
  }

  TEST_CASE("what pzstd writes is read: each frame behind one that is to be skipped") {
    const TempFolder folder;
    const auto skipped = [](char first) { return first + "\x2a\x4d\x18\x04\0\0\0size"s; };
    const auto frame = [](const std::string& text) { return compress(text, Filter::zstd); };
    const auto rows = some_rows();

    for (const char first : {'\x50', '\x5f'}) {
      CHECK(unpack(folder.write("a", skipped(first) + frame("1\n") + skipped(first) + frame(rows))) ==
            "1\n" + rows);
    }
    CHECK(!message_of(folder.write("a", skipped('\x50') + "left over\n")).empty());
    CHECK(!message_of(folder.write("a", skipped('\x50').substr(0, 9))).empty());
  }

  TEST_CASE("what is not unpacked is refused by what it is, with what unpacks it") {
    const TempFolder folder;
    const auto file = folder.path("a.csv");
    const auto refused = [&](const std::string& bytes) { return message_of(folder.write("a.csv", bytes)); };

    CHECK(refused("BZh91AY&SY") == "reading " + file +
                                       ": it is packed by bzip2, which load does not unpack; run 'bzcat " +
                                       file + " | ratingsctl load -'");
    CHECK(refused("7z\xbc\xaf\x27\x1c").find("it is packed by 7-Zip") != std::string::npos);
    CHECK(refused("\x04\x22\x4d\x18").find("it is packed by LZ4") != std::string::npos);
  }

  TEST_CASE("a tar archive is refused as what it is, packed or not") {
    const TempFolder folder;
    const auto tar = make_tar({{"ratings.csv", some_rows()}});
    for (const auto& bytes :
         {tar, compress(tar, Filter::gzip), compress(tar, Filter::zstd), compress(tar, Filter::xz)}) {
      const auto path = folder.write("a.tgz", bytes);
      const std::atomic<bool> stop = false;
      const auto source = csv::open_source(path, stop);
      CHECK_THROWS_WITH_AS((csv::BlockReader{*source, path, ','}),
                           doctest::Contains("a.tgz:1: it is a tar archive, which load does not unpack"),
                           Error);
    }
  }

  TEST_CASE("a zip gives its only file, or its ratings.csv: others are refused by name") {
    const TempFolder folder;

    CHECK(message_of(folder.write("f", make_zip({{"old/ratings.csv", "1\n"}, {"ratings.csv", "2\n"}})))
              .find("(old/ratings.csv, ratings.csv) and more than one is named ratings.csv") !=
          std::string::npos);
    CHECK(unpack(folder.write("a", make_zip({{"d/", ""}, {"d/first.csv", "1\n"}}))) == "1\n");
    CHECK(unpack(folder.write("d", make_zip({{"credits.csv", "1\n"},
                                             {"set/ratings.csv", "2\n"},
                                             {"ratings_small.csv", "3\n"}}))) == "2\n");
    CHECK(message_of(folder.write("e", make_zip({{"a.csv", "1\n"}, {"b.csv", "2\n"}})))
              .find("the archive holds several files (a.csv, b.csv) and none is named ratings.csv") !=
          std::string::npos);
    CHECK(message_of(folder.write("b", make_zip({{"d/", ""}}))).ends_with("the archive holds no file"));
    CHECK(message_of(folder.write("c", make_zip({}))).ends_with("the archive holds no file"));
  }

  TEST_CASE("a file that was cut off is an error, wherever it was cut") {
    const TempFolder folder;
    const auto text = some_rows();
    for (const auto* kind : {"gz", "zst", "xz"}) {
      const auto packed = packed_as(kind, text);
      for (const auto left : {packed.size() - 1, packed.size() - 5, packed.size() / 2, std::size_t{20}}) {
        CAPTURE(kind);
        CAPTURE(left);
        CHECK(message_of(folder.write("a", packed.substr(0, left))).find("cut off") != std::string::npos);
      }
    }
    const auto zip = packed_as("zip", text);
    CHECK(message_of(folder.write("a", zip.substr(0, zip.size() / 2))).find("cut off") != std::string::npos);
  }

  TEST_CASE("nothing is nothing also when it is packed, and more may follow") {
    const TempFolder folder;
    for (const auto* kind : {"gz", "zst", "xz", "zip"}) {
      CAPTURE(kind);
      CHECK(unpack(folder.write("a", packed_as(kind, ""))).empty());
    }
    for (const auto* kind : {"gz", "zst", "xz"}) {
      CAPTURE(kind);
      CHECK(unpack(folder.write("a", packed_as(kind, "") + packed_as(kind, "1\n"))) == "1\n");
    }
  }

  TEST_CASE("a flipped bit is an error") {
    const TempFolder folder;
    const auto text = some_rows();
    for (const auto* kind : {"gz", "xz", "zip"}) {
      CAPTURE(kind);
      auto packed = packed_as(kind, text);
      packed[packed.size() / 3] = static_cast<char>(packed[packed.size() / 3] ^ 4);
      CHECK(!message_of(folder.write("a", packed)).empty());
    }
  }

  TEST_CASE("bytes after the last member are an error, not ignored") {
    const TempFolder folder;
    for (const auto* kind : {"gz", "zst", "xz"}) {
      CAPTURE(kind);
      CHECK(!message_of(folder.write("a", packed_as(kind, "1\n") + "left over\n")).empty());
    }
  }

  TEST_CASE("a missing file and a directory are refused, named") {
    const TempFolder folder;
    CHECK(message_of(folder.path("none")) ==
          "reading " + folder.path("none") + ": No such file or directory");
    CHECK(message_of(folder.path("")).find("it is a directory") != std::string::npos);
  }

  TEST_CASE("a named pipe is read as it comes, and its size is unknown") {
    const TempFolder folder;
    const auto path = folder.path("pipe");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const auto packed = compress(some_rows(), Filter::gzip);
    auto writer = std::async(std::launch::async, [&] { (void)folder.write("pipe", packed); });

    CHECK(!csv::inspect(path).repeatable);
    CHECK(!csv::inspect(path).size);
    CHECK(unpack(path) == some_rows());
    writer.get();
  }

  TEST_CASE("the hash is XXH3-128 in canonical order, however the bytes are cut") {
    csv::ContentHasher whole;
    whole.update("userId,movieId");
    csv::ContentHasher parts;
    parts.update("userId");
    parts.update(",movieId");

    CHECK(whole.hash() == parts.hash());
    // The published value for no bytes at all, xxHash's own test vector.
    CHECK(to_hex(csv::ContentHasher{}.hash()) == "99aa06d3014798d86001c324468d497f");
  }
}

}  // namespace ratings::test
