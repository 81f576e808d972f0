using System.Collections.Specialized;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;

namespace Microsoft.Azure.Functions.Worker.Http;

public sealed class HttpHeadersCollection : HttpHeaders;

public interface IHttpCookie
{
    string Name { get; }

    string Value { get; }
}

public abstract class HttpCookies;

public abstract class HttpRequestData(FunctionContext functionContext)
{
    public abstract Stream Body { get; }

    public abstract HttpHeadersCollection Headers { get; }

    public abstract IReadOnlyCollection<IHttpCookie> Cookies { get; }

    public abstract Uri Url { get; }

    public abstract IEnumerable<ClaimsIdentity> Identities { get; }

    public abstract string Method { get; }

    public FunctionContext FunctionContext { get; } = functionContext;

    public virtual NameValueCollection Query => throw BatchEval.Contracts.ContractsOnly.Refusal();

    public abstract HttpResponseData CreateResponse();
}

public abstract class HttpResponseData(FunctionContext functionContext)
{
    public abstract HttpStatusCode StatusCode { get; set; }

    public abstract HttpHeadersCollection Headers { get; set; }

    public abstract Stream Body { get; set; }

    public abstract HttpCookies Cookies { get; }

    public FunctionContext FunctionContext { get; } = functionContext;

    public static HttpResponseData CreateResponse(HttpRequestData request) => throw BatchEval.Contracts.ContractsOnly.Refusal();
}
