import pandas as pd, time
t0=time.time()
from pandas.tseries.frequencies import to_offset
for f in ['D','h','15min','W-MON','MS','B','QS-OCT','7D']:
    o=to_offset(f)
    try: r=pd.Timedelta(o)
    except Exception as e: r=repr(e)
    print(f, type(o).__name__, r)
print(repr(to_offset(pd.Timedelta('1D'))), repr(to_offset(pd.Timedelta('7D'))))
i=pd.date_range('2024-03-25','2024-04-05',freq='D',tz='Europe/Vienna'); print(i.freq, i[-1])
i=pd.date_range(pd.Timestamp('2024-03-25',tz='Europe/Vienna'),pd.Timestamp('2024-04-05',tz='Europe/Vienna'),freq=to_offset(pd.Timedelta('1D'))); print(repr(i.freq), i[-1])
def inf(s): 
    try: return pd.infer_freq(pd.DatetimeIndex(pd.to_datetime(pd.Series(s),errors='coerce',utc=True).dropna().unique()).sort_values())
    except Exception as e: return repr(e)
print(inf([str(o) for o in pd.date_range('2020','2022',freq='MS')]), inf([str(o) for o in pd.date_range('2020','2022',freq='ME').date]), inf(['2020','2021','2022','2023']), inf(['1','2','3']), inf(['a','b']), inf([str(o) for o in pd.date_range('2020',periods=20,freq='B').date]), inf([str(o) for o in pd.date_range('2020',periods=20,freq='7D').date]), inf([str(o) for o in pd.date_range('2020',periods=20,freq='30min')]))
print(inf(['2024-01-01 00:00+01:00','2024-01-01 01:00+02:00','x']))
try: print(pd.Timestamp('2024-01-01T00:00Z')>pd.date_range('2024',periods=3)[0])
except Exception as e: print(repr(e))
print(time.time()-t0)
