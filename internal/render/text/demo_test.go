package text_test
import ("testing";"os";"strconv";"github.com/charmbracelet/colorprofile";"attn/internal/render/text";"attn/internal/render/theme";"attn/internal/view")
func TestDemo(t *testing.T){
 if os.Getenv("DEMO")=="" {t.Skip()}
 w,_:=strconv.Atoi(os.Getenv("W")); n,_:=strconv.Atoi(os.Getenv("N"))
 th,err:=theme.ByName(os.Getenv("TH")); if err!=nil{t.Fatal(err)}
 pr:=map[string]colorprofile.Profile{"":0,"16":colorprofile.ANSI,"256":colorprofile.ANSI256,"true":colorprofile.TrueColor}[os.Getenv("P")]
 g:=chapterGrids()
 if n>0 { g=[]view.Grid{tokensGrid(numbered(n),n-5),scoresGrid(numbered(n),true,n-5),patternGrid(numbered(n),n-5)} }
 f,_:=os.Create(os.Getenv("DEMO"))
 err=text.Draw(f,g,text.Options{Width:w,Profile:pr,Theme:th,Number:true,Verbose:os.Getenv("V")!="",Header:"a fluffy blue creature roamed the verdant forest",Aside:"story · 4 layers × 4 heads · d_model 128 · cpu · 9 ms"})
 if err!=nil{t.Fatal(err)}
}
