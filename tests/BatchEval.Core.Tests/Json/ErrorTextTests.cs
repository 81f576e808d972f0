using System.Text.Json;
using BatchEval.Core.Json;

namespace BatchEval.Core.Tests.Json;

public class ErrorTextTests
{
    /// <summary>Messages of ONNX Runtime were cut at the first line break, behind which the useful part follows.</summary>
    [Fact]
    public void Every_line_is_kept() =>
        ErrorText.Of(new InvalidOperationException("Non-zero status code returned.\n  Name:'/conv'\r\nInput channels C is not equal: 3 and 4")).ShouldBe("Non-zero status code returned. Name:'/conv' Input channels C is not equal: 3 and 4");

    [Fact]
    public void Notes_about_parameters_are_left_out()
    {
        ErrorText.Of(new ArgumentException("It is wrong (Parameter 'really').", "x")).ShouldBe("It is wrong (Parameter 'really').");
        ErrorText.Of(new ArgumentOutOfRangeException("x", 5, "Too much.")).ShouldBe("Too much. Actual value was 5.");
        ErrorText.Of(new AggregateException(new InvalidOperationException("the cause"))).ShouldBe("the cause");
    }

    [Fact]
    public void The_answer_of_a_service_is_told_without_its_headers() =>
        ErrorText.OneLine("Server failed to authenticate.\nRequestId:1-2\nTime:2026-11-25\nStatus: 403 (Forbidden)\nErrorCode: AuthenticationFailed\n\nContent:\n<xml/>\nHeaders:\nServer: x")
            .ShouldBe("Server failed to authenticate. Status: 403 (Forbidden) ErrorCode: AuthenticationFailed");

    [Theory]
    [InlineData("no answer from https://a.blob.b/runs?sv=1&se=2&sig=abc%2Fd%3D", "no answer from https://a.blob.b/runs?sv=1&se=2&sig=***")]
    [InlineData("AccountName=a;AccountKey=xyz/+==;BlobEndpoint=b", "AccountName=a;AccountKey=***;BlobEndpoint=b")]
    [InlineData("SharedAccessSignature=sv=1&sig=xyz;BlobEndpoint=b", "SharedAccessSignature=***&sig=***;BlobEndpoint=b")]
    public void Secrets_of_storage_connections_are_left_out(string text, string shown) => ErrorText.OneLine(text).ShouldBe(shown);

    [Theory]
    [InlineData("", "is empty; JSON is expected.")]
    [InlineData("{\n \"a\": }", "is not valid JSON at line 2, column 7: '}' is an invalid start of a value.")]
    [InlineData("{\"a\": 1", "is not valid JSON at line 1, column 8: ")]
    [InlineData("[1] 2", "is not valid JSON at line 1, column 5: ")]
    public void Json_errors_name_line_and_column_and_nothing_of_the_reader(string json, string start)
    {
        var problems = new List<Problem>();
        JsonInspector.Parse(json, problems).ShouldBeNull();
        problems.ShouldHaveSingleItem().Message.ShouldStartWith(start);
        problems[0].Message.ShouldNotContain("isFinalBlock");
        problems[0].Message.ShouldNotContain("LineNumber");
    }

    [Fact]
    public void Json_errors_with_a_path_lose_it() =>
        ErrorText.OfJson(Should.Throw<JsonException>(() => JsonSerializer.Deserialize<int[]>("[1,\n x]"))).ShouldBe("is not valid JSON at line 2, column 2: 'x' is an invalid start of a value.");
}
