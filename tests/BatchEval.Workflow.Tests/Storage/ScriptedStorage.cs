using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>A storage whose answers are made up.</summary>
/// <param name="answer">Answers a request, or throws.</param>
internal sealed class ScriptedStorage(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    private int calls;

    /// <summary>Requests so far.</summary>
    public int Calls => calls;

    /// <summary>A store on it, whose client tries nothing twice.</summary>
    public RunStore Store()
    {
        var options = new BlobClientOptions { Transport = new HttpClientTransport(new HttpClient(this, disposeHandler: false)) };
        options.Retry.MaxRetries = 0;
        return new RunStore(new BlobContainerClient(new Uri("http://storage.test/account/runs"), options));
    }

    /// <summary>A blob.</summary>
    public static HttpResponseMessage Blob(string text)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text)) };
        response.Headers.ETag = new EntityTagHeaderValue("\"1\"");
        response.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
        response.Headers.Add("x-ms-blob-type", "BlockBlob");
        return response;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref calls);
        return Task.FromResult(answer(request));
    }
}
