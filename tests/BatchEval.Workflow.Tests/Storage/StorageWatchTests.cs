using System.Net;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>What the storage refuses is said at the first attempt, and its end is said; never the same twice.</summary>
public sealed class StorageWatchTests
{
    private readonly List<string> said = [];
    private readonly Queue<HttpStatusCode?> answers = new();
    private readonly Clock clock = new();

    [Fact]
    public async Task The_first_refusal_is_said_with_its_status_and_place_and_the_end_of_it()
    {
        var (store, watch) = Open();
        Answer(HttpStatusCode.ServiceUnavailable, null, HttpStatusCode.Created);

        (await store.WriteTextOnceAsync("run/spec.json", "{}")).ShouldBeTrue();

        said.Count.ShouldBe(2);
        said[0].ShouldBe("The storage refuses PUT /account/runs/run/spec.json: status 503 (Busy); 'here' has 1 MB free. It is asked again.");
        said[1].ShouldBe("The storage answers again.");
        watch.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task A_refused_connection_is_said_too_and_no_message_holds_a_signature()
    {
        var (store, watch) = Open("?sv=1&sig=c2VjcmV0");
        Answer(null, null, null);

        await Should.ThrowAsync<Exception>(() => store.ReadAsync("run/run.json"));

        said.ShouldHaveSingleItem().ShouldContain("GET /account/runs/run/run.json: nobody there (sig=***; 'here' has 1 MB free");
        watch.Trouble.ShouldNotBeNull();
    }

    [Fact]
    public async Task While_writing_is_refused_reading_does_not_end_the_trouble()
    {
        var (store, watch) = Open();
        Answer(HttpStatusCode.InternalServerError, HttpStatusCode.InternalServerError, HttpStatusCode.InternalServerError, HttpStatusCode.NotFound, HttpStatusCode.Created);

        await Should.ThrowAsync<Azure.RequestFailedException>(() => store.WriteTextOnceAsync("a", "1"));
        (await store.ReadAsync("a")).ShouldBeNull();
        watch.Trouble.ShouldNotBeNull();
        await store.WriteTextOnceAsync("a", "1");

        watch.Trouble.ShouldBeNull();
        said.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_storage_that_refuses_now_and_then_is_named_once_in_a_while()
    {
        var (store, watch) = Open();
        for (var i = 0; i < 10; i++)
        {
            Answer(HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound);
            await store.ReadAsync("a");
            clock.Passed += TimeSpan.FromSeconds(4);
        }

        said.Count.ShouldBe(2 * 2);
        watch.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task What_is_merely_not_there_or_there_already_is_no_trouble()
    {
        var (store, _) = Open();
        Answer(HttpStatusCode.NotFound, HttpStatusCode.Conflict, HttpStatusCode.PreconditionFailed);

        (await store.ReadAsync("a")).ShouldBeNull();
        (await store.WriteTextOnceAsync("a", "1")).ShouldBeFalse();
        (await store.WriteTextOnceAsync("a", "1")).ShouldBeFalse();

        said.ShouldBeEmpty();
    }

    private (RunStore Store, StorageWatch Watch) Open(string signature = "")
    {
        var watch = new StorageWatch(said.Add, clock, () => "'here' has 1 MB free");
        var options = new BlobClientOptions { Transport = new HttpClientTransport(new Scripted(answers)) };
        (options.Retry.MaxRetries, options.Retry.Delay) = (3 - 1, TimeSpan.FromMilliseconds(1));
        options.AddPolicy(watch, Azure.Core.HttpPipelinePosition.PerRetry);
        return (new RunStore(new BlobContainerClient(new Uri($"http://127.0.0.1/account/runs{signature}"), options)), watch);
    }

    // Three attempts each; null is a connection that is refused.
    private void Answer(params HttpStatusCode?[] statuses)
    {
        foreach (var status in statuses)
        {
            answers.Enqueue(status);
        }
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }

    private sealed class Scripted(Queue<HttpStatusCode?> answers) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (answers.Dequeue() is not { } status)
            {
                throw new HttpRequestException("nobody there (sig=c2VjcmV0)");
            }

            var answer = new HttpResponseMessage(status) { Content = new ByteArrayContent([]), RequestMessage = request };
            answer.Headers.Add("x-ms-error-code", "Busy");
            answer.Headers.ETag = new("\"1\"");
            answer.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
            return Task.FromResult(answer);
        }
    }
}
